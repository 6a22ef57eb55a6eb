"""ports.KeyStore over two places: files in the home, and a token for keys whose name begins with `pkcs11:`."""

from collections.abc import Callable
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from handclasp.adapters.pkcs11_keys import PREFIX
from handclasp.model.issuance import KeyType
from handclasp.ports.keys import KeyStore


class KeyRing:
    """CA keys of a home.

    Args:
        files: the keys in the home.
        refuse: raises when nothing may be signed now; asked before each key is opened.
        token: makes the store of the token, when first needed; WorldError when the home has none.
    """

    def __init__(self, files: KeyStore, token: Callable[[], KeyStore], refuse: Callable[[], None] = lambda: None) -> None:
        self._files = files
        self._refuse = refuse
        self._make = token

    @cached_property
    def _token(self) -> KeyStore:
        return self._make()

    def prepare(self, *, new: bool) -> None:
        """As KeyStore.prepare, for the keys in files."""
        self._files.prepare(new=new)

    def create(self, label: str, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """As KeyStore.create, where the name says."""
        place, name = self._place(label)
        return place.create(name, key_type)

    def adopt(self, label: str, key: CertificateIssuerPrivateKeyTypes) -> None:
        """As KeyStore.adopt, where the name says."""
        place, name = self._place(label)
        place.adopt(name, key)

    def generate(self, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """A fresh key that is not kept."""
        return self._files.generate(key_type)

    def exists(self, label: str) -> bool:
        """Whether there is such a key; asks for no passphrase and no PIN."""
        place, name = self._place(label)
        return place.exists(name)

    def sealed(self, label: str) -> bytes:
        """As KeyStore.sealed, where the name says."""
        place, name = self._place(label)
        return place.sealed(name)

    def open(self, label: str) -> CertificateIssuerPrivateKeyTypes:
        """As KeyStore.open, where the name says."""
        self._refuse()
        place, name = self._place(label)
        return place.open(name)

    def change_passphrase(self, new: bytes, replaced: Callable[[], None]) -> int:
        """The keys in files under another passphrase; how many. PINs are the token's affair."""
        return self._files.change_passphrase(new, replaced)

    def _place(self, label: str) -> tuple[KeyStore, str]:
        if label.startswith(PREFIX):
            return self._token, label.removeprefix(PREFIX)
        return self._files, label
