"""Does this key's signature stand under that certificate or CRL?"""

from functools import lru_cache, partial

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from handclasp.model.certificate import Certificate, Crl
from handclasp.model.octets import Octets, parts
from handclasp.pki.crl_entries import outline
from handclasp.pki.lenient import algorithms_differ, load_certificate, load_crl, quiet, signed_part
from handclasp.pki.signing import digest_of

_WITHOUT_DIGEST = (
    ed25519.Ed25519PublicKey, ed448.Ed448PublicKey, mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey,
)  # fmt: skip


def signed_by(signed: Certificate | Crl, spki: bytes) -> bool:
    """Whether the signature verifies with the key in `spki` (X509_verify, X509_CRL_verify). Unusable keys verify nothing."""
    if isinstance(signed, Crl) and signed.body is not None:
        return _long_verifies(signed.der, signed.body, spki)
    return _verify(signed.der, spki, isinstance(signed, Crl))


def _long_verifies(bare: bytes, body: Octets, spki: bytes) -> bool:
    """Of a CRL that is not in memory, `bare` of its entries: what was signed is hashed as it is read, and joined for EdDSA."""
    shape = outline(body)
    signed_parts = partial(parts, body, *shape.tbs)
    try:
        with quiet():
            parsed = load_crl(bare)
        digest = parsed.signature_hash_algorithm
        content = b"".join(signed_parts()) if digest is None else digest_of(digest, signed_parts())
        _check(load_der_public_key(spki), parsed, content, hashed=digest is not None)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


@lru_cache(maxsize=16384)
def _verify(data: bytes, spki: bytes, is_crl: bool) -> bool:  # noqa: FBT001 - part of the cache key
    if not is_crl and algorithms_differ(data):  # X509_verify compares them; X509_CRL_verify only of late (verdict.revocation)
        return False
    try:
        with quiet():
            parsed = load_crl(data) if is_crl else load_certificate(data)
        _check(load_der_public_key(spki), parsed, signed_part(data))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _check(
    key: PublicKeyTypes, parsed: x509.Certificate | x509.CertificateRevocationList, body: bytes, *, hashed: bool = False
) -> None:
    """`hashed`: the body is the digest of what was signed."""
    digest = parsed.signature_hash_algorithm
    way = Prehashed(digest) if hashed and digest is not None else digest
    if isinstance(key, rsa.RSAPublicKey) and way is not None:
        # The library knows no parameters for MD5, which is PKCS #1 v1.5 like the rest.
        scheme = parsed.signature_algorithm_parameters or padding.PKCS1v15()
        key.verify(parsed.signature, body, scheme, way)  # type: ignore[arg-type]
    elif isinstance(key, ec.EllipticCurvePublicKey) and way is not None:
        key.verify(parsed.signature, body, ec.ECDSA(way))
    elif isinstance(key, dsa.DSAPublicKey) and way is not None:
        key.verify(parsed.signature, body, way)
    elif isinstance(key, _WITHOUT_DIGEST) and way is None:
        key.verify(parsed.signature, body)
    else:
        raise InvalidSignature
