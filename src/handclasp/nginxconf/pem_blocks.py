"""PEM files by OpenSSL's rules of reading, as far as they decide whether nginx takes a file."""

import re
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Literal

Flaw = Literal["bad base64 decode", "bad end line", "ASN1 lib"]

CERTIFICATES = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
TRUSTED = "TRUSTED CERTIFICATE"
CRL = "X509 CRL"

_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_BEGIN = re.compile(rb"-----BEGIN (.{0,220})-----")  # OpenSSL reads lines of at most 254 characters


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One block: its label, and its DER or what is wrong with it."""

    label: str
    der: bytes = b""
    flaw: Flaw | None = None


def blocks(content: bytes, *, skip_mark: bool = True) -> tuple[PemBlock, ...]:
    """The blocks of a file up to the first that OpenSSL cannot read. Text between blocks does not count.

    `skip_mark`: a byte order mark before the first block is passed over, as OpenSSL 3.x does; older ones miss that block.
    """
    found: list[PemBlock] = []
    if skip_mark:
        content = content.removeprefix(b"\xef\xbb\xbf")
    lines = iter(content.split(b"\n"))
    for line in lines:
        begun = _BEGIN.fullmatch(line.rstrip())
        if begun is None:
            continue
        label = begun[1].decode("latin-1")
        body: list[bytes] = []
        ended = False
        for inner in lines:
            if inner.startswith(b"-----END "):
                ended = inner.rstrip() == b"-----END " + begun[1] + b"-----"
                break
            body.append(inner)
        found.append(_block(label, body) if ended else PemBlock(label, flaw="bad end line"))
        if found[-1].flaw:
            break
    return tuple(found)


def _block(label: str, body: list[bytes]) -> PemBlock:
    headers = next((at for at, line in enumerate(body) if not line.strip()), -1) if any(b":" in line for line in body) else -1
    text = b"".join(b"".join(body[headers + 1 :]).split())
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return PemBlock(label, flaw="bad base64 decode")
    der = a2b_base64(text)
    if (label in CERTIFICATES or label in {TRUSTED, CRL}) and _length(der, 0) is None:
        return PemBlock(label, der, "ASN1 lib")
    return PemBlock(label, der)


def public_key(certificate: bytes) -> bytes | None:
    """The DER SubjectPublicKeyInfo inside a DER certificate; None when it is not one."""
    outer = _length(certificate, 0)
    if outer is None:
        return None
    at = outer[0]
    inside = _length(certificate, at)
    if inside is None:
        return None
    at = inside[0]
    # [0] version when there is one, then serialNumber, signature, issuer, validity, subject.
    for _ in range(6 if certificate[at : at + 1] == b"\xa0" else 5):
        field = _length(certificate, at)
        if field is None:
            return None
        at = field[1]
    found = _length(certificate, at)
    return certificate[at : found[1]] if found else None


def key_algorithm(spki: bytes) -> bytes:
    """The algorithm's object identifier inside a DER SubjectPublicKeyInfo, as DER; b"" when it is not one."""
    outer = _length(spki, 0)
    inner = _length(spki, outer[0]) if outer else None
    if inner is None or spki[inner[0] : inner[0] + 1] != b"\x06":
        return b""
    return spki[inner[0] : inner[0] + 2 + spki[inner[0] + 1]]


def _length(der: bytes, at: int) -> tuple[int, int] | None:
    """Start and end of the content of the element at an offset; None when it does not fit or is no known shape."""
    head = der[at : at + 2]
    if len(head) < 2 or head[0] not in {0x30, 0xA0, 0x02, 0x31}:
        return None
    size, start = head[1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(der[start : start + count], "big"), start + count
    return (start, start + size) if size and start + size <= len(der) else None
