"""Extension values in DER, written by hand so that every shape can be made, the forbidden ones too (RFC 5280 4.2, 5.2)."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from handclasp.pki.der import encode
from handclasp.pki.der_write import bit_string, integer, octet_string, oid, sequence

_TRUE = encode(0x01, b"\xff")

OIDS = {
    "subjectKeyIdentifier": "2.5.29.14",
    "keyUsage": "2.5.29.15",
    "subjectAltName": "2.5.29.17",
    "basicConstraints": "2.5.29.19",
    "cRLNumber": "2.5.29.20",
    "cRLReason": "2.5.29.21",
    "deltaCRLIndicator": "2.5.29.27",
    "issuingDistributionPoint": "2.5.29.28",
    "certificateIssuer": "2.5.29.29",
    "nameConstraints": "2.5.29.30",
    "cRLDistributionPoints": "2.5.29.31",
    "certificatePolicies": "2.5.29.32",
    "authorityKeyIdentifier": "2.5.29.35",
    "policyConstraints": "2.5.29.36",
    "extKeyUsage": "2.5.29.37",
    "freshestCRL": "2.5.29.46",
    "inhibitAnyPolicy": "2.5.29.54",
    "nsCertType": "2.16.840.1.113730.1.1",
    "proxyCertInfo": "1.3.6.1.5.5.7.1.14",
    "unknown": "1.3.6.1.4.1.55555.1.1",
}
PURPOSES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "anyExtendedKeyUsage": "2.5.29.37.0",
    "unknown": "1.3.6.1.4.1.55555.3.1",
}
KEY_USAGES = (
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign",
    "encipherOnly", "decipherOnly",
)  # fmt: skip
NETSCAPE_TYPES = ("client", "server", "email", "objsign", "reserved", "sslCA", "emailCA", "objCA")
_NAME_TAGS = {"email": 0x81, "dns": 0x82, "uri": 0x86}


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: a name of OIDS or a dotted OID, criticality, and the DER inside the OCTET STRING."""

    name: str
    value: bytes
    critical: bool = False

    @property
    def der(self) -> bytes:
        """The Extension SEQUENCE."""
        flag = _TRUE if self.critical else b""
        return sequence(oid(OIDS.get(self.name, self.name)), flag, octet_string(self.value))


def serial_number(value: int) -> bytes:
    """INTEGER, a negative one too, which no CA may give."""
    return encode(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def basic_constraints(*, ca: bool, path_length: int | None = None) -> bytes:
    """BasicConstraints; a path length with CA:FALSE can be written."""
    length = b"" if path_length is None else integer(path_length) if path_length >= 0 else encode(0x02, b"\xff")
    return sequence(_TRUE if ca else b"", length)


def named_bits(all_names: tuple[str, ...], *names: str) -> bytes:
    """BIT STRING of named bits, without trailing zero bits (X.690 11.2.2)."""
    number = sum(1 << (15 - all_names.index(name)) for name in names)
    if not number:
        return encode(0x03, b"\0")
    unused = (number & -number).bit_length() - 1
    content = number.to_bytes(2, "big")
    return encode(0x03, bytes((unused % 8,)) + content[: 1 if unused >= 8 else 2])


def key_usage(*names: str) -> bytes:
    """KeyUsage from its standard names."""
    return named_bits(KEY_USAGES, *names)


def netscape_type(*names: str) -> bytes:
    """Netscape certificate type from OpenSSL's names."""
    return named_bits(NETSCAPE_TYPES, *names)


def extended_key_usage(*names: str) -> bytes:
    """ExtKeyUsageSyntax from names of PURPOSES."""
    return sequence(*(oid(PURPOSES[name]) for name in names))


def authority_key_identifier(key: bytes | None = None, issuer: bytes | None = None, serial: int | None = None) -> bytes:
    """AuthorityKeyIdentifier; `issuer` is a DER Name."""
    parts = (
        b"" if key is None else encode(0x80, key),
        b"" if issuer is None else encode(0xA1, encode(0xA4, issuer)),
        b"" if serial is None else encode(0x82, serial_number(serial)[2:]),
    )
    return sequence(*parts)


def general_name(kind: str, value: str | bytes) -> bytes:
    """GeneralName: dns, email, uri as text; ip as an address or network; dirname as a DER Name; rid dotted."""
    if kind == "dirname":
        return encode(0xA4, value if isinstance(value, bytes) else value.encode())
    text = value if isinstance(value, str) else value.decode()
    if kind == "ip":
        return encode(0x87, _address(text))
    if kind == "rid":
        return encode(0x88, oid(text)[2:])
    return encode(_NAME_TAGS[kind], text.encode("latin-1"))


def _address(text: str) -> bytes:
    if "/" not in text:
        return ip_address(text).packed
    network = ip_network(text)
    return network.network_address.packed + network.netmask.packed


def general_names(*names: tuple[str, str | bytes]) -> bytes:
    """GeneralNames, as in a subject alternative name."""
    return sequence(*(general_name(*name) for name in names))


def name_constraints(
    permitted: tuple[tuple[str, str | bytes], ...] = (), excluded: tuple[tuple[str, str | bytes], ...] = ()
) -> bytes:
    """NameConstraints with minimum 0 and no maximum."""
    trees = ((0xA0, permitted), (0xA1, excluded))
    return sequence(*(encode(tag, b"".join(sequence(general_name(*n)) for n in names)) for tag, names in trees if names))


def distribution_points(
    *urls: str, reasons: bytes | None = None, issuer: bytes | None = None, relative: bytes | None = None
) -> bytes:
    """One DistributionPoint; `reasons` are the octets of ReasonFlags after the unused-bits octet, `issuer` a DER Name.

    `relative`: the attributes of a name relative to the issuer, instead of URLs.
    """
    full = _point_name(urls, relative)
    only = encode(0x81, b"\0" + reasons) if reasons is not None else b""
    by = encode(0xA2, encode(0xA4, issuer)) if issuer is not None else b""
    return sequence(sequence(full, only, by))


def issuing_distribution_point(
    *flags: str, urls: tuple[str, ...] = (), reasons: bytes | None = None, relative: bytes | None = None
) -> bytes:
    """IssuingDistributionPoint; flags: user, ca, indirect, attribute; `relative` as above."""
    full = _point_name(urls, relative)
    parts = [full, *(encode(tag, b"\xff") for tag, flag in ((0x81, "user"), (0x82, "ca")) if flag in flags)]
    parts.append(encode(0x83, b"\0" + reasons) if reasons is not None else b"")
    parts += [encode(tag, b"\xff") for tag, flag in ((0x84, "indirect"), (0x85, "attribute")) if flag in flags]
    return sequence(*parts)


def _point_name(urls: tuple[str, ...], relative: bytes | None) -> bytes:
    if relative is not None:
        return encode(0xA0, encode(0xA1, relative))
    return encode(0xA0, encode(0xA0, b"".join(general_name("uri", url) for url in urls))) if urls else b""


def proxy_certificate() -> bytes:
    """ProxyCertInfo (RFC 3820) with the policy language "inherit all"."""
    return sequence(sequence(oid("1.3.6.1.5.5.7.21.1")))


def policies(*dotted: str) -> bytes:
    """CertificatePolicies without qualifiers."""
    return sequence(*(sequence(oid(item)) for item in dotted))


def unique_bits(content: bytes) -> bytes:
    """A BIT STRING, for the identifiers of version 2."""
    return bit_string(content)
