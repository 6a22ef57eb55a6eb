"""Private keys that never leave a laboratory or a sandbox: one per process, kind and number, because RSA takes its time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from handclasp.pki.der import encode
from handclasp.pki.der_write import oid, sequence

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

_MAKERS: dict[str, Callable[[], PrivateKey]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "p224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak on purpose: a defect to be seen
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}
KINDS = tuple(_MAKERS)

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - weak on purpose
    "sha1": hashes.SHA1(),  # noqa: S303 - weak on purpose
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
# Signature algorithms (RFC 8017 appendix A.2.4, RFC 5758 3.2): the last arc by digest.
_RSA_ARC = {"md5": "4", "sha1": "5", "sha256": "11", "sha384": "12", "sha512": "13", "sha224": "14"}
_EC_ARC = {"sha1": "1", "sha224": "3.1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}
_NULL = encode(0x05, b"")


@dataclass(frozen=True, eq=False)
class Key:
    """A private key with what the forge needs of it."""

    kind: str
    private: PrivateKey

    @cached_property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def identifier(self) -> bytes:
        """A subject key identifier: 20 octets derived from the public key."""
        return hashlib.sha256(self.spki).digest()[:20]

    @cached_property
    def pem(self) -> str:
        """PKCS#8 PEM, clear."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def algorithm(self, digest: str) -> bytes:
        """DER AlgorithmIdentifier of this key's signature with that digest."""
        match self.private:
            case rsa.RSAPrivateKey():
                return sequence(oid(f"1.2.840.113549.1.1.{_RSA_ARC[digest]}"), _NULL)
            case ec.EllipticCurvePrivateKey():
                return sequence(oid(f"1.2.840.10045.4.{_EC_ARC.get(digest, _EC_ARC['sha256'])}"))
            case ed25519.Ed25519PrivateKey():
                return sequence(oid("1.3.101.112"))
            case _:
                return sequence(oid("1.3.101.113"))

    def sign(self, data: bytes, digest: str) -> bytes:
        """The signature; Edwards keys have no choice of digest, and there is no ECDSA with MD5 (SHA-256 is taken)."""
        match self.private:
            case rsa.RSAPrivateKey():
                return self.private.sign(data, padding.PKCS1v15(), _HASHES[digest])
            case ec.EllipticCurvePrivateKey():
                # Deterministic (RFC 6979): the same certificate made twice is the same certificate.
                chosen = _HASHES[digest if digest in _EC_ARC else "sha256"]
                return self.private.sign(data, ec.ECDSA(chosen, deterministic_signing=True))
            case _:
                return self.private.sign(data)


@cache
def key(kind: str, number: int = 0) -> Key:
    """The `number`-th key of a kind; the same one in the whole process."""
    del number
    return Key(kind, _MAKERS[kind]())
