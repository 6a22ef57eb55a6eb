"""Private keys of a PKI that exists: found, looked at, and opened when their passphrase is given."""

import warnings
from typing import cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from handclasp.app.identity_files import spki
from handclasp.app.old_pki import OldKey
from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.errors import HandclaspError
from handclasp.pki.container import is_container
from handclasp.pki.signing import narrowed
from handclasp.ports.files import FileTree

UNUSABLE = frozenset(KeyKind) - {KeyKind.RSA, KeyKind.RSA_PSS, KeyKind.EC, KeyKind.ED25519}
"""Kinds of keys that sign nothing here."""


def key_in(files: FileTree, path: str, passphrase: bytes | None) -> OldKey:
    """The key in a file: PKCS#8 and the older forms, in PEM (`openssl ec -aes256`, step) or DER, or PKCS#12, encrypted or not.

    Not opened, it is None.
    """
    content = files.read(path)
    mode = files.mode(path)
    encrypted = b"ENCRYPTED" in content or is_container(content)
    key = None
    for secret in dict.fromkeys((None, passphrase)):
        try:
            key = _loaded(content, secret)
            break
        except TypeError:  # it is encrypted, and no passphrase was given; or the other way round
            encrypted = encrypted or secret is None
        except (ValueError, UnsupportedAlgorithm):
            continue
    return OldKey(path=path, mode=mode, encrypted=encrypted, key=cast("CertificateIssuerPrivateKeyTypes | None", key))


def _loaded(content: bytes, passphrase: bytes | None) -> object:
    if is_container(content):
        with warnings.catch_warnings(action="ignore"):  # what others write is BER; it is read all the same
            return load_pkcs12(content, passphrase).key
    return (load_der_private_key if content[:1] == b"\x30" else load_pem_private_key)(content, passphrase)


def belongs(key: OldKey, certificate: Certificate) -> bool:
    """Whether an opened key is that of the certificate."""
    if key.key is None:
        return False
    try:
        return spki(narrowed(key.key)) == certificate.spki
    except HandclaspError:
        return False  # a kind of key that no CA of ours can have
