"""A key that is to be certified, with what its certificate says of it: worked out once, and by the library."""

from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.pki.export import key_pem
from handclasp.pki.signing import SigningKey


class SubjectKey(NamedTuple):
    """`spki`: SubjectPublicKeyInfo, DER. `identifier`: for its subject key identifier (RFC 5280 4.2.1.2, method 1).

    `private`: the private one (PKCS#8 in PEM, in clear) when it was made here, and leaves with its certificate.
    """

    public: CertificatePublicKeyTypes
    spki: bytes
    identifier: bytes
    private: bytes | None = None

    @classmethod
    def of(cls, public: CertificatePublicKeyTypes) -> Self:
        """Of somebody who keeps the private one."""
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(public, spki, x509.SubjectKeyIdentifier.from_public_key(public).digest)

    @classmethod
    def made(cls, key: SigningKey) -> Self:
        """Of a key that was made here."""
        return cls.of(key.public_key())._replace(private=key_pem(key))
