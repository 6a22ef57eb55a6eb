"""Private keys that never leave a laboratory or a sandbox: one per process, kind and number, because RSA takes its time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from handclasp.pki.der import elements, encode, first
from handclasp.pki.der_write import integer, oid, sequence

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey
)  # fmt: skip

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
    "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
    "bp256": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "rsa1536": lambda: rsa.generate_private_key(65537, 1536),  # noqa: S505 - weak on purpose
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "pss2048": lambda: rsa.generate_private_key(65537, 2048),  # its public key says that it signs with PSS only
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
_ML_DSA_ARC = {"mldsa44": "17", "mldsa65": "18"}
_NULL = encode(0x05, b"")
_PSS = oid("1.2.840.113549.1.1.10")
_HASH_OIDS = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2"}


@dataclass(frozen=True, eq=False)
class Key:
    """A private key with what the forge needs of it."""

    kind: str
    private: PrivateKey

    @cached_property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        plain = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if not self.kind.startswith("pss"):
            return plain
        _, bits = elements(first(plain).content)
        return sequence(sequence(_PSS), bits.encoded)

    @cached_property
    def identifier(self) -> bytes:
        """A subject key identifier: 20 octets derived from the public key."""
        return hashlib.sha256(self.spki).digest()[:20]

    @cached_property
    def pem(self) -> str:
        """PKCS#8 PEM, clear."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def algorithm(self, digest: str) -> bytes:
        """DER AlgorithmIdentifier of this key's signature with that digest; "pss-sha256" asks RSA keys for PSS."""
        if self._pss(digest):
            return _pss_algorithm(digest.removeprefix("pss-"))
        digest = digest.removeprefix("pss-")
        match self.private:
            case rsa.RSAPrivateKey():
                return sequence(oid(f"1.2.840.113549.1.1.{_RSA_ARC[digest]}"), _NULL)
            case ec.EllipticCurvePrivateKey():
                return sequence(oid(f"1.2.840.10045.4.{_EC_ARC.get(digest, _EC_ARC['sha256'])}"))
            case ed25519.Ed25519PrivateKey():
                return sequence(oid("1.3.101.112"))
            case ed448.Ed448PrivateKey():
                return sequence(oid("1.3.101.113"))
            case _:
                return sequence(oid(f"2.16.840.1.101.3.4.3.{_ML_DSA_ARC[self.kind]}"))

    def sign(self, data: bytes, digest: str) -> bytes:
        """The signature. Edwards and ML-DSA keys leave no choice of digest; there is no ECDSA with MD5: SHA-256 is taken."""
        if self._pss(digest) and isinstance(self.private, rsa.RSAPrivateKey):
            chosen = _HASHES[digest.removeprefix("pss-")]
            return self.private.sign(data, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen)
        digest = digest.removeprefix("pss-")
        match self.private:
            case rsa.RSAPrivateKey():
                return self.private.sign(data, padding.PKCS1v15(), _HASHES[digest])
            case ec.EllipticCurvePrivateKey():
                # Deterministic (RFC 6979): the same certificate made twice is the same certificate.
                chosen = _HASHES[digest if digest in _EC_ARC else "sha256"]
                return self.private.sign(data, ec.ECDSA(chosen, deterministic_signing=True))
            case _:
                return self.private.sign(data)

    def _pss(self, digest: str) -> bool:
        of_kind = isinstance(self.private, rsa.RSAPrivateKey)
        return of_kind and digest.removeprefix("pss-") in _HASH_OIDS and (digest.startswith("pss-") or self.kind[:3] == "pss")


def _pss_algorithm(digest: str) -> bytes:
    """RSASSA-PSS-params (RFC 8017 A.2.3) with the same digest for the mask and its length as salt."""
    if digest == "sha1":
        return sequence(_PSS, sequence())  # all defaults, which DER leaves out
    chosen = sequence(oid(_HASH_OIDS[digest]), _NULL)
    mask = sequence(oid("1.2.840.113549.1.1.8"), chosen)
    salt = integer(_HASHES[digest].digest_size)
    return sequence(_PSS, sequence(encode(0xA0, chosen), encode(0xA1, mask), encode(0xA2, salt)))


@cache
def key(kind: str, number: int = 0) -> Key:
    """The `number`-th key of a kind; the same one in the whole process."""
    del number
    return Key(kind, _MAKERS[kind]())
