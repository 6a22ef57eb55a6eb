"""Distinguished names: OpenSSL's canonical form, by which paths are built, and the text that nginx shows.

Canonical form: crypto/x509/x_name.c:x509_name_canon. Text: X509_NAME_print_ex with XN_FLAG_RFC2253, which nginx uses for
$ssl_client_s_dn and $ssl_client_i_dn since 1.11.6.
"""

import re

from handclasp.pki import der

# Tags that OpenSSL folds (ASN1_MASK_CANON) and how their content becomes text.
_ENCODINGS = {
    0x0C: "utf-8",
    0x13: "latin-1",
    0x14: "latin-1",
    0x16: "latin-1",
    0x1A: "latin-1",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}

# Short names as OpenSSL prints them (crypto/objects/objects.txt); an unknown type is printed dotted with its DER in hex.
SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

_SPACES = re.compile(r"[ \t\n\v\f\r]+")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def canonical(name: bytes) -> bytes:
    """OpenSSL's canonical encoding of a DER name: case and spaces folded, strings as UTF-8, without the outer header."""
    return b"".join(_canonical_rdn(rdn.content) for rdn in der.elements(der.first(name).content))


def below(base: bytes, attributes: bytes) -> bytes:
    """A canonical name with one more relative name, given as the content of its SET."""
    return base + _canonical_rdn(attributes)


def rfc2253(name: bytes) -> str:
    r"""The name as nginx shows it: most specific first, no spaces after commas, non-ASCII as \XX."""
    rdns = [
        "+".join(_attribute_text(item) for item in reversed(tuple(der.elements(rdn.content))))
        for rdn in der.elements(der.first(name).content)
    ]
    return ",".join(reversed(rdns))


def attributes(name: bytes, oid: str) -> tuple[str, ...]:
    """Every value of one attribute type, in order, decoded."""
    values = []
    for rdn in der.elements(der.first(name).content):
        for item in der.elements(rdn.content):
            kind, value = der.elements(item.content)
            if der.dotted(kind.content) == oid:
                values.append(_decode(value) if value.tag in _ENCODINGS else value.content.hex())
    return tuple(values)


def _decode(value: der.Element) -> str:
    return value.content.decode(_ENCODINGS[value.tag], errors="replace")


def _canonical_rdn(content: bytes) -> bytes:
    return der.encode(der.SET, b"".join(sorted(_canonical_attribute(item) for item in der.elements(content))))


def _canonical_attribute(item: der.Element) -> bytes:
    kind, value = der.elements(item.content)
    if value.tag not in _ENCODINGS:
        return item.encoded
    folded = _SPACES.sub(" ", _decode(value)).strip(" ").translate(_LOWER)
    text = der.encode(der.UTF8_STRING, folded.encode("utf-8", errors="replace"))
    return der.encode(der.SEQUENCE, kind.encoded + text)


def _attribute_text(item: der.Element) -> str:
    kind, value = der.elements(item.content)
    oid = der.dotted(kind.content)
    name = SHORT_NAMES.get(oid)
    if name is None or value.tag not in _ENCODINGS:
        return f"{name or oid}=#{value.encoded.hex().upper()}"
    return f"{name}={_escape(_decode(value))}"


def _escape(text: str) -> str:
    octets = text.encode("utf-8", errors="replace")
    last = len(octets) - 1
    return "".join(_escape_octet(octet, position, last) for position, octet in enumerate(octets))


def _escape_octet(octet: int, position: int, last: int) -> str:
    character = chr(octet)
    if octet > 0x7E or octet < 0x20:
        return f"\\{octet:02X}"
    special = character in ',+"\\<>;' or (character == "#" and position == 0) or (character == " " and position in (0, last))
    return "\\" + character if special else character
