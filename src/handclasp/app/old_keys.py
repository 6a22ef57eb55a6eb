"""Private keys of a PKI that exists: found, looked at, and opened when their passphrase is given."""

from typing import cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handclasp.app.identity_files import spki
from handclasp.app.old_pki import OldKey
from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.errors import HandclaspError
from handclasp.pki.signing import narrowed
from handclasp.ports.files import FileTree

UNUSABLE = frozenset(KeyKind) - {KeyKind.RSA, KeyKind.RSA_PSS, KeyKind.EC, KeyKind.ED25519}
"""Kinds of keys that sign nothing here."""


def key_in(files: FileTree, path: str, passphrase: bytes | None) -> OldKey:
    """The key in a file: PKCS#8 and the older forms, encrypted (`openssl ec -aes256`, step) or not. Not opened, it is None."""
    content = files.read(path)
    encrypted = b"ENCRYPTED" in content
    mode = files.mode(path)
    if encrypted and passphrase is None:
        return OldKey(path=path, mode=mode, encrypted=True, key=None)
    loaded: object = None
    try:
        loaded = load_pem_private_key(content, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return OldKey(path=path, mode=mode, encrypted=encrypted, key=None)
    return OldKey(path=path, mode=mode, encrypted=encrypted, key=cast("CertificateIssuerPrivateKeyTypes", loaded))


def belongs(key: OldKey, certificate: Certificate) -> bool:
    """Whether an opened key is that of the certificate."""
    if key.key is None:
        return False
    try:
        return spki(narrowed(key.key)) == certificate.spki
    except HandclaspError:
        return False  # a kind of key that no CA of ours can have
