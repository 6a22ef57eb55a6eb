"""Which signature a CA key makes, and stand-in keys that make the same kind of signature without any secret.

A to-be-signed certificate names its signature algorithm (RFC 5280 4.1.2.3), so the bytes that the CA key will sign can be
made, and judged, with any key of the same algorithm. The stand-ins are public constants: nothing signed by them is trusted.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from handclasp.model.errors import PolicyError
from handclasp.model.issuance import KeyType
from handclasp.pki import der_write as der
from handclasp.pki.der import encode

SigningKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
VerifyingKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
Digest: TypeAlias = hashes.SHA256 | hashes.SHA384

_ECDSA = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3"}  # RFC 5758 3.2
_RSA_SHA256 = "1.2.840.113549.1.1.11"  # RFC 4055 5
_ED25519 = "1.3.101.112"  # RFC 8410 3


def narrowed(key: CertificateIssuerPrivateKeyTypes) -> SigningKey:
    """The same key, if it is of a type that Handclasp signs with; PolicyError otherwise."""
    if isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)):
        return key
    raise PolicyError(f"{type(key).__name__} is no key type for a CA", hint="use EC P-256 or P-384, RSA or Ed25519")


def kind_of(key: object, *, hint: str = "use EC P-256 or P-384, RSA or Ed25519") -> KeyType:
    """The kind of a public key; for RSA the largest of ours that it reaches. PolicyError when it is none of ours."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return KeyType.EC_P384 if key.curve.key_size == 384 else KeyType.EC_P256
    if isinstance(key, rsa.RSAPublicKey):
        known = (KeyType.RSA_4096, KeyType.RSA_3072)
        return next((kind for kind in known if key.key_size >= int(kind.removeprefix("rsa-"))), KeyType.RSA_2048)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeyType.ED25519
    raise PolicyError(f"{type(key).__name__.removesuffix('PublicKey')} is no key type of ours", hint=hint)


def digest_for(key: CertificateIssuerPublicKeyTypes) -> Digest | None:
    """The hash that goes with a key: SHA-384 for P-384, SHA-256 for other EC and for RSA, none for Ed25519."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return None
    return _digest_of_curve(key.key_size) if isinstance(key, ec.EllipticCurvePublicKey) else hashes.SHA256()


def _digest_of_curve(bits: int) -> Digest:
    return hashes.SHA384() if bits >= 384 else hashes.SHA256()


def algorithm_identifier(key: VerifyingKey) -> bytes:
    """DER AlgorithmIdentifier of the signatures that `sign_bytes` makes."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return der.sequence(der.oid(_ED25519))
    if isinstance(key, rsa.RSAPublicKey):
        return der.sequence(der.oid(_RSA_SHA256), encode(0x05, b""))
    digest = digest_for(key)
    return der.sequence(der.oid(_ECDSA[digest.name if digest else "sha256"]))


def sign_bytes(key: SigningKey, content: bytes) -> bytes:
    """The signature over `content`, in the form a BIT STRING of RFC 5280 holds."""
    return pen(key)(content)


def pen(key: SigningKey) -> Callable[[bytes], bytes]:
    """`sign_bytes` with this key, for who signs a lot: what depends on the key alone is looked up once."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda content: key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    way = ec.ECDSA(_digest_of_curve(key.key_size))
    return lambda content: key.sign(content, way)


def verifies(key: VerifyingKey, signature: bytes, content: bytes) -> bool:
    """Whether `signature` is what `sign_bytes` makes over `content` with the private half of `key`."""
    return verifier(key)(signature, content)


def verifier(key: VerifyingKey) -> Callable[[bytes, bytes], bool]:
    """`verifies` with this key, for who verifies a lot: takes signature and content."""
    ways: tuple[object, ...] = (ec.ECDSA(digest_for(key) or hashes.SHA256()),)
    if isinstance(key, (rsa.RSAPublicKey, ed25519.Ed25519PublicKey)):
        ways = (padding.PKCS1v15(), hashes.SHA256()) if isinstance(key, rsa.RSAPublicKey) else ()
    verify: Callable[..., None] = key.verify

    def agrees(signature: bytes, content: bytes) -> bool:
        try:
            verify(signature, content, *ways)
        except InvalidSignature:
            return False
        return True

    return agrees


def sign_parts(key: SigningKey, parts: Callable[[], Iterable[bytes]]) -> bytes:
    """`sign_bytes` over these parts in a row, hashed as they come. Ed25519 reads its message twice: then they are joined."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(_joined(parts()))
    digest, done = _hashed(key.public_key(), parts())
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(done, padding.PKCS1v15(), digest)
    return key.sign(done, ec.ECDSA(digest))


def parts_verify(key: VerifyingKey, signature: bytes, parts: Callable[[], Iterable[bytes]]) -> bool:
    """`verifies` for what `sign_parts` made."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, _joined(parts()))
            return True
        digest, done = _hashed(key, parts())
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, done, padding.PKCS1v15(), digest)
        else:
            key.verify(signature, done, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _joined(parts: Iterable[bytes]) -> bytearray:
    """Parts in one piece, in memory once: bytes.join would hold the parts beside it."""
    whole = bytearray()
    for part in parts:
        whole += part
    return whole


def _hashed(key: VerifyingKey, parts: Iterable[bytes]) -> tuple[Prehashed, bytes]:
    chosen = digest_for(key) or hashes.SHA256()
    return Prehashed(chosen), digest_of(chosen, parts)


def digest_of(algorithm: hashes.HashAlgorithm, parts: Iterable[bytes]) -> bytes:
    """The digest of these parts in a row."""
    running = hashes.Hash(algorithm)
    for part in parts:
        running.update(part)
    return running.finalize()


def stand_in(key: CertificateIssuerPublicKeyTypes) -> SigningKey:
    """A public constant key whose signatures carry the same algorithm identifier as those of `key`."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1")
    if isinstance(key, rsa.RSAPublicKey):
        return _mersenne_rsa()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ec.derive_private_key(1, key.curve)
    raise PolicyError(f"{type(key).__name__} is no key type for a CA", hint="use EC P-256 or P-384, RSA or Ed25519")


@cache
def _mersenne_rsa() -> rsa.RSAPrivateKey:
    """RSA from two primes that everybody knows: 2^521 - 1 and 2^607 - 1."""
    p, q, e = 2**521 - 1, 2**607 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=pow(q, -1, p), public_numbers=public
    )
    return numbers.private_key()
