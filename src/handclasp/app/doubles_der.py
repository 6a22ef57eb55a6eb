"""Pieces of certificates made for a sandbox, in DER."""

from collections.abc import Iterable

from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.verdict import Side
from handclasp.pki import der
from handclasp.pki.der_write import octet_string, oid, sequence

_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521", "secp224r1": "p224"}
_ATTRIBUTES = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11"}
_AUTH = {Side.CLIENT: "1.3.6.1.5.5.7.3.2", Side.UPSTREAM: "1.3.6.1.5.5.7.3.1"}


def kind_of(certificate: Certificate) -> str:
    """The kind of throw-away key that is as strong as the certificate's, as far as security levels go."""
    match certificate.key_kind:
        case KeyKind.RSA | KeyKind.RSA_PSS:
            return "rsa1024" if certificate.key_bits < 2048 else "rsa2048" if certificate.key_bits < 3072 else "rsa3072"
        case KeyKind.ED25519 | KeyKind.ED448:
            return certificate.key_kind.value
        case _:
            return _CURVES.get(certificate.curve or "", "p256")


def _parts(certificate: Certificate) -> list[der.Element]:
    return list(der.elements(der.first(der.first(certificate.der).content).content))


def issuer_of(certificate: Certificate) -> bytes:
    """DER of the name of its issuer, as it stands."""
    parts = _parts(certificate)
    return parts[3 if parts[0].tag == 0xA0 else 2].encoded


def subject_of(certificate: Certificate) -> bytes:
    """DER of its name, as it stands."""
    parts = _parts(certificate)
    return parts[5 if parts[0].tag == 0xA0 else 4].encoded


def name_of(attributes: Iterable[tuple[str, str]]) -> bytes:
    """DER of a name, by short names of attributes."""
    return sequence(
        *(
            der.encode(der.SET, sequence(oid(_ATTRIBUTES[kind]), der.encode(der.UTF8_STRING, value.encode())))
            for kind, value in attributes
        )
    )


def extension(name: str, value: bytes, *, critical: bool = False) -> bytes:
    """DER of one extension."""
    return sequence(oid(name), der.encode(der.BOOLEAN, b"\xff") if critical else b"", octet_string(value))


def authority_extensions(identifier: bytes) -> tuple[bytes, ...]:
    """Those of a CA."""
    return (
        extension("2.5.29.19", sequence(der.encode(der.BOOLEAN, b"\xff")), critical=True),
        extension("2.5.29.15", der.encode(der.BIT_STRING, b"\x01\x06"), critical=True),
        extension("2.5.29.14", octet_string(identifier)),
    )


def leaf_extensions(side: Side) -> tuple[bytes, ...]:
    """Those of an end entity on one side of a handshake."""
    return (
        extension("2.5.29.15", der.encode(der.BIT_STRING, b"\x07\x80"), critical=True),
        extension("2.5.29.37", sequence(oid(_AUTH[side]))),
    )
