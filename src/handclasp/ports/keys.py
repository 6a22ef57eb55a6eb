"""CA keys at rest and the one door through which signing goes."""

from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from handclasp.model.issuance import KeyType


class KeyStore(Protocol):
    """Keeps CA private keys encrypted; hands out objects that `cryptography` signs with."""

    def create(self, label: str, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """Make a key, store it encrypted and durable, and return it. PolicyError if the label is taken."""
        ...

    def adopt(self, label: str, key: CertificateIssuerPrivateKeyTypes) -> None:
        """Store a key that was made elsewhere, encrypted and durable. PolicyError if the label is taken."""
        ...

    def generate(self, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """A fresh key that is not kept: for end entities, whose keys leave the CA."""
        ...

    def prepare(self, *, new: bool) -> None:
        """Get the passphrase now, before anything is made. Raises as `create` (`new`) or `open` when there is none."""
        ...

    def exists(self, label: str) -> bool:
        """Whether a key of this label is stored; asks for no passphrase."""
        ...

    def change_passphrase(self, new: bytes, replaced: Callable[[], None]) -> int:
        """Put every key under another passphrase; how many. `replaced` is called after each.

        WorldError when one cannot be unlocked, with the old passphrase or the new one: then none is changed.
        """
        ...

    def sealed(self, label: str) -> bytes:
        """A stored key as it is kept: encrypted PKCS#8 in PEM. PolicyError when it cannot leave its place (a token's)."""
        ...

    def open(self, label: str) -> CertificateIssuerPrivateKeyTypes:
        """Unlock a stored key. WorldError when missing, damaged or the passphrase is wrong."""
        ...
