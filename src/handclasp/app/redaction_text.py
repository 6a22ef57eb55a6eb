"""Text and files without secrets: what goes by a telling name, what looks like a key, what only a key file holds."""

import re
from base64 import b64decode

from handclasp.model.evidence import GONE
from handclasp.pki.any_form import KEY_LEFT_OUT, Form, look

__all__ = ["GONE", "looks_random", "public_part", "scrubbed", "shown_lines", "suspicious"]

# Bounded repeats keep the search linear on hostile text.
_NAMES = r"auth|passw|passphrase|pwd|secret|token|api[-_]?key|cookie|bearer|credential|private|jwt|hmac|salt|signature"
_SUSPICIOUS = re.compile(rf"{_NAMES}|(?:^|[-_$])(?:key|sid|pin|otp|session|sig)(?:$|[-_])|basic ", re.IGNORECASE)
_PARAMETER = re.compile(
    rf"""((?:[\w.-]{{0,40}}(?:{_NAMES}|key|otp)[\w.-]{{0,40}}|sid|sig|pin|code|state|session)=)(?:"[^"]*"|'[^']*'|[^&\s"',;)]+)""",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{0,40}(?:token|key|secret|auth)[\w-]{0,40})(\"?'?\s*[:=]\s*\"?)[^\"\r\n]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Negotiate|Token)\s+(?!redacted)[\w.~+/=-]{6,}")
_USER = re.compile(r"(://)[^/@\s\"']+@")
_KNOWN = re.compile(
    r"eyJ[\w-]{8,}+\.[\w-]++(?:\.[\w-]*)?|\b(?:sk|pk|rk)_(?:live|test)_\w+|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bAKIA[0-9A-Z]{16}"
    r"|\bxox[abprs]-[\w-]{8,}|\bglpat-[\w-]{8,}|\bAIza[\w-]{30,}|\bhvs\.[\w-]{8,}|AGE-SECRET-KEY-\w+"
)
_ADDRESS = re.compile(r'(\b(?:request|referrer|upstream|subrequest): ")([^"]*)')
_SEGMENT = re.compile(r"(?<=/)(?=[\w~.-]*\d)(?=[\w~.-]*[A-Za-z])[\w~.-]{20,}")
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+/=.~-]{16,}|[A-Za-z0-9+/=]{40,}")
_TEXT_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,200}PRIVATE KEY[A-Z ]{0,20}-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL)

_BLOCK = re.compile(rb"-----BEGIN ([A-Za-z0-9 ]{0,200})-----(.*?)(?:-----END [^-\n]{0,200}-----|\Z)", re.DOTALL)
_PUBLIC = frozenset({
    b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"X509 CRL", b"PKCS7", b"CMS", b"CERTIFICATE REQUEST",
    b"NEW CERTIFICATE REQUEST", b"PUBLIC KEY", b"RSA PUBLIC KEY", b"EC PARAMETERS", b"DH PARAMETERS", b"X9.42 DH PARAMETERS",
})  # fmt: skip
_COMMENT = re.compile(r"(?<=[ \t+-])#[^\n]*")
# A value that stands beside a telling name: header, variable, parameter, or a line of a program.
_ASSIGNED = re.compile(
    rf"""((?:\b[\w.$-]{{0,40}}(?:{_NAMES})[\w.-]{{0,40}}|\b(?:set|env)\s+\$?\w*key\w*)["'\]]?\s*(?:=\s*|:\s*|\s)(["']))"""
    r"""(?!\$|redacted)[^"'$\n]{1,400}(["'])""",
    re.IGNORECASE,
)
_LOOSE_BASE64 = re.compile(rb"[A-Za-z0-9+/=]{32,}")
_LONGEST_LINE = 4096
_INTEGER = 0x02


def suspicious(name: str) -> bool:
    """Whether what goes by this name, or is said beside it, may be a secret."""
    return _SUSPICIOUS.search(name) is not None


def looks_random(value: str) -> bool:
    """Whether a value looks like a key or a token."""
    return _RANDOM.fullmatch(value) is not None or _KNOWN.search(value) is not None


def scrubbed(text: str) -> str:
    """A text without tokens, passwords in addresses, and headers that carry them."""
    text = _TEXT_KEY.sub(KEY_LEFT_OUT.decode(), text)
    text = _USER.sub(rf"\1{GONE}@", text)
    text = _HEADER.sub(rf"\1\2{GONE}", text)
    text = _PARAMETER.sub(rf"\1{GONE}", text)
    text = _SCHEME.sub(rf"\1 {GONE}", text)
    text = _KNOWN.sub(GONE, text)
    return _ADDRESS.sub(lambda found: found[1] + _SEGMENT.sub(GONE, found[2]), text)


def shown_lines(text: str) -> str:
    """Lines of a configuration as a screen or a document may show them: without what opens other doors."""
    return _COMMENT.sub(_remark, _ASSIGNED.sub(rf"\1{GONE}\3", scrubbed(text)))


def _remark(found: re.Match[str]) -> str:
    """A comment, unless something in it may open a door."""
    return f"# {GONE}" if suspicious(found[0]) or any(map(looks_random, found[0].split())) else found[0]


def public_part(content: bytes) -> bytes:
    """A file that should hold certificates, without what is not meant for everybody; its form stays as it is."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        wide = "utf-16-le" if content[:1] == b"\xff" else "utf-16-be"
        return content[:2] + _public_text(content[2:].decode(wide, "replace").encode()).decode(errors="replace").encode(wide)
    if content[:1] == b"\x30":
        return _public_der(content)
    if b"\0" in content[:4096]:
        return content[:4]  # a key store of some kind
    return _public_text(content)


def _public_der(content: bytes) -> bytes:
    form = look(content).form
    if form in {Form.DER_CERTIFICATE, Form.DER_CRL, Form.PKCS7}:
        return content
    return content[:64] if form is Form.PKCS12 else content[:4]  # enough to tell the form; the key comes later


def _public_text(content: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    for found in _BLOCK.finditer(content):
        parts += (_between(content[at : found.start()]), found[0] if _is_public(found) else KEY_LEFT_OUT + b"\n")
        at = found.end()
    return b"".join((*parts, _between(content[at:])))


def _is_public(block: re.Match[bytes]) -> bool:
    """By its label, and because a key does not hide behind it: those begin with a version, certificates and CRLs do not."""
    if block[1] not in _PUBLIC:
        return False
    if block[1] not in {b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"X509 CRL"}:
        return True
    begin = re.sub(rb"[^A-Za-z0-9+/]", b"", block[2][:64])[:16]
    der = b64decode(begin + b"=" * (-len(begin) % 4)) if len(begin) % 4 != 1 else b""
    inner = 2 + (der[1] & 0x7F if der[1:2] and der[1] & 0x80 else 0)
    return der[inner : inner + 1] != bytes((_INTEGER,))


def _between(content: bytes) -> bytes:
    """Text beside PEM blocks, line by line; what looks like a key without its marks goes."""
    if not content.strip():
        return content
    return b"".join(_line(line) for line in content.splitlines(keepends=True))


def _line(line: bytes) -> bytes:
    if KEY_LEFT_OUT in line:
        return line
    text = line.decode("utf-8", "surrogateescape")
    if len(text) > _LONGEST_LINE or suspicious(text) or "PuTTY" in text:
        bare = text.rstrip("\r\n")
        return (GONE + text[len(bare) :]).encode()
    return _LOOSE_BASE64.sub(GONE.encode(), scrubbed(text).encode("utf-8", "surrogateescape"))
