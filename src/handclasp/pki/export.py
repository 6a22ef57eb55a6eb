"""What leaves the CA: PEM files and a PKCS#12 container, as bytes."""

import base64
from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key, pkcs12

from handclasp.model.errors import InputError
from handclasp.model.octets import Held, Octets, parts
from handclasp.pki.signing import SigningKey

PASSWORD_OCTETS = 16
"""Random octets behind a PKCS#12 password: 128 bits."""

_PEM_LINE = 48  # octets in a line of 64 characters (RFC 7468 3)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # 31 signs that are not mistaken for each other
_KDF_ROUNDS = 2_048
"""Of PKCS#12 containers. Rounds make guessing a person's password dear; ours have 123 random bits, which nobody guesses at any
speed, so more rounds would only cost: 100,000 of them take forty times as long as everything else of an issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One file to write: its name inside the identity's folder, content and mode."""

    name: str
    content: bytes
    mode: int


def pem(certificate: x509.Certificate) -> bytes:
    """One certificate as PEM (RFC 7468 5)."""
    return certificate.public_bytes(Encoding.PEM)


def pem_of(der: bytes) -> bytes:
    """A certificate in DER as PEM."""
    return pem(x509.load_der_x509_certificate(der))


def pem_of_read(der: bytes) -> bytes:
    """The same of one that was just read, in a quarter of the time."""
    lines = [b2a_base64(der[start : start + 48]) for start in range(0, len(der), 48)]
    return b"".join([b"-----BEGIN CERTIFICATE-----\n", *lines, b"-----END CERTIFICATE-----\n"])


def crl_pem(der: bytes) -> bytes:
    """A CRL in DER as PEM (RFC 7468 6)."""
    return b"".join(crl_pem_parts(Held(der)))


def crl_pem_parts(der: Octets) -> Iterator[bytes]:
    """`crl_pem`, a part at a time."""
    yield b"-----BEGIN X509 CRL-----\n"
    for part in parts(der, size=_PEM_LINE * 4096):
        text = base64.b64encode(part)
        yield b"".join([text[start : start + 64] + b"\n" for start in range(0, len(text), 64)])
    yield b"-----END X509 CRL-----\n"


def key_pem(key: SigningKey) -> bytes:
    """A private key as PKCS#8 PEM in clear: for files of mode 0600 that a server or a client reads."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_key(content: bytes, *, where: str) -> SigningKey:
    """Read what `key_pem` wrote; InputError when it is anything else."""
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError) as error:
        raise InputError(f"is not a private key in PEM: {error}", where=where) from error
    if isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)):
        return key
    raise InputError(f"holds a {type(key).__name__}, which Handclasp does not issue", where=where)


def password_from(random: bytes) -> str:
    """A password a person can type from 16 random octets: five groups of five signs out of 31, 123 bits and more."""
    if len(random) != PASSWORD_OCTETS:
        raise ValueError(f"a password is made from {PASSWORD_OCTETS} octets, not {len(random)}")
    number = int.from_bytes(random, "big")
    signs = []
    for _ in range(25):
        number, rest = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[rest])
    return "-".join("".join(signs[start : start + 5]) for start in range(0, 25, 5))


def pkcs12_container(
    name: str,
    key: SigningKey,
    certificate: x509.Certificate,
    issuers: list[x509.Certificate],
    password: str,
    *,
    legacy: bool = False,
) -> bytes:
    """PKCS#12 (RFC 7292) with key, certificate and the intermediates: PBES2 AES-256-CBC, SHA-256 MAC.

    `legacy`: triple DES and a SHA-1 MAC, all that Windows before 10 1709, macOS before 15 and old Androids read.
    """
    cipher = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC if legacy else pkcs12.PBES.PBESv2SHA256AndAES256CBC
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_KDF_ROUNDS)
        .key_cert_algorithm(cipher)
        .hmac_hash(hashes.SHA1() if legacy else hashes.SHA256())  # noqa: S303 - see the docstring; 123 random bits guard it
        .build(password.encode())
    )
    return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, issuers, protection)


def identity_files(
    name: str,
    key: SigningKey,
    certificate: x509.Certificate,
    issuers: list[x509.Certificate],
    password: str,
    *,
    legacy: bool = False,
) -> tuple[ExportFile, ...]:
    """The files of one identity besides its key: certificate, chain without the root, container, its password."""
    container = pkcs12_container(name, key, certificate, issuers, password, legacy=legacy)
    return (
        ExportFile(name="p12-password.txt", content=f"{password}\n".encode(), mode=0o600),
        ExportFile(name=f"{name}.p12", content=container, mode=0o600),
        *public_files(certificate, issuers),
    )


def public_files(certificate: x509.Certificate, issuers: list[x509.Certificate]) -> tuple[ExportFile, ...]:
    """The public files: the chain without the root, and the certificate alone."""
    chain = b"".join(pem(one) for one in (certificate, *issuers))
    return (
        ExportFile(name="chain.pem", content=chain, mode=0o644),
        ExportFile(name="certificate.pem", content=pem(certificate), mode=0o644),
    )
