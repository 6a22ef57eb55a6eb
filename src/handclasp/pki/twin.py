"""Stand-ins for server certificates whose private key is not at hand: they say the same, and are signed by themselves."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from handclasp.pki.lenient import NO_X509
from handclasp.pki.read import pem_blocks

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2, 2.4.2)
OCTETS = 40
"""Random octets for one key: 64 bits more than the order has, so that no key is likelier than another."""

_EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def key_from(random: bytes) -> ec.EllipticCurvePrivateKey:
    """A P-256 key out of random octets (FIPS 186-5 A.2.1). ValueError for fewer than `OCTETS`."""
    if len(random) < OCTETS:
        raise ValueError(f"a key is made from {OCTETS} octets, not {len(random)}")
    return ec.derive_private_key(int.from_bytes(random, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def first_certificate(pem: bytes) -> x509.Certificate | None:
    """The first certificate of a PEM file, None when there is none that can be read."""
    blocks = pem_blocks(pem, "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
    try:
        return x509.load_pem_x509_certificate(blocks[0]) if blocks else None
    except NO_X509:
        return None


def twin(original: x509.Certificate | None, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...] = ()) -> bytes:
    """A certificate for `key` with the names and dates of `original`, PEM. Without one: for `names`, never expiring."""
    if original is None:
        known = [x509.DNSName(name) for name in names or ("sandbox",)]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, known[0].value[:64])])
        dates = _EVER
        alternative: x509.SubjectAlternativeName | None = x509.SubjectAlternativeName(known)
    else:
        subject, dates = original.subject, (original.not_valid_before_utc, original.not_valid_after_utc)
        alternative = _alternative(original)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=subject, serial_number=1, public_key=key.public_key())
    builder = builder.not_valid_before(dates[0]).not_valid_after(dates[1])
    if alternative is not None:
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def empty_crl(issuer: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """A CRL without entries by a twin (PEM) that signs for itself, PEM, never expiring."""
    name = x509.load_pem_x509_certificate(issuer).subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(_EVER[0]).next_update(_EVER[1])
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def spki_of(certificate: x509.Certificate) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key unencrypted, PKCS#8 PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _alternative(original: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return original.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None
