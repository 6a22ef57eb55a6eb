"""CA keys at rest and the one door through which signing goes."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from handclasp.model.issuance import KeyType


class KeyStore(Protocol):
    """Keeps CA private keys encrypted; hands out objects that `cryptography` signs with."""

    def create(self, label: str, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """Make a key, store it encrypted and durable, and return it. PolicyError if the label is taken."""
        ...

    def open(self, label: str) -> CertificateIssuerPrivateKeyTypes:
        """Unlock a stored key. WorldError when missing, damaged or the passphrase is wrong."""
        ...
