"""Does this key's signature stand under that certificate or CRL?"""

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from handclasp.model.certificate import Certificate, Crl
from handclasp.pki.lenient import load_certificate, quiet, signed_part


def signed_by(signed: Certificate | Crl, spki: bytes) -> bool:
    """Whether the signature verifies with the key in `spki` (X509_verify, X509_CRL_verify). Unusable keys verify nothing."""
    return _verify(signed.der, spki, isinstance(signed, Crl))


@lru_cache(maxsize=16384)
def _verify(data: bytes, spki: bytes, is_crl: bool) -> bool:  # noqa: FBT001 - part of the cache key
    try:
        with quiet():
            parsed = x509.load_der_x509_crl(data) if is_crl else load_certificate(data)
        _check(load_der_public_key(spki), parsed, signed_part(data))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _check(key: PublicKeyTypes, parsed: x509.Certificate | x509.CertificateRevocationList, body: bytes) -> None:
    digest = parsed.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and digest is not None:
        # The library knows no parameters for MD5, which is PKCS #1 v1.5 like the rest.
        scheme = parsed.signature_algorithm_parameters or padding.PKCS1v15()
        key.verify(parsed.signature, body, scheme, digest)  # type: ignore[arg-type]
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(parsed.signature, body, ec.ECDSA(digest))
    elif isinstance(key, dsa.DSAPublicKey) and digest is not None:
        key.verify(parsed.signature, body, digest)
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)) and digest is None:
        key.verify(parsed.signature, body)
    else:
        raise InvalidSignature
