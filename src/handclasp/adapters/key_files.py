"""ports.KeyStore as files: PKCS#8 EncryptedPrivateKeyInfo (RFC 5958), PBES2 with scrypt and AES-256-CBC (RFC 8018, RFC 7914).

`cryptography` itself would write PBKDF2 with 2,048 rounds, which a graphics card tries by the hundred thousand a second, so
the container is put together here; it is read back with `cryptography`, and `openssl pkey` reads it too.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from handclasp.model.errors import HandclaspError, InputError, WorldError
from handclasp.model.issuance import KeyType
from handclasp.pki import der_write as der
from handclasp.pki.signing import SigningKey, narrowed
from handclasp.ports.files import FileTree

_PBES2 = "1.2.840.113549.1.5.13"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_AES256_CBC = "2.16.840.1.101.3.4.1.42"
_KEY_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """RFC 7914 section 2. Memory is 128 * n * r bytes; OpenSSL reads containers of up to 32 MiB, so p carries the cost."""

    n: int = 1 << 14
    r: int = 8
    p: int = 8


class KeyFiles:
    """CA keys as `<folder>/<label>.pem`.

    Args:
        folder: made with mode 0700 when the first key is stored.
        files: where to.
        passphrase: asked once per run, when first needed; its argument is whether a key is being made.
        cost: of the key derivation.
    """

    def __init__(
        self, folder: str, files: FileTree, passphrase: Callable[[bool], bytes], *, cost: ScryptCost | None = None
    ) -> None:
        self._folder = folder
        self._files = files
        self._ask = passphrase
        self._cost = cost or ScryptCost()
        self._secret: bytes | None = None
        self._opened: dict[str, SigningKey] = {}

    def generate(self, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """A fresh key that is not kept: for end entities, whose keys leave the CA."""
        return generate_key(key_type)

    def create(self, label: str, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """Make a key, store it encrypted and durable, and return it. PolicyError if the label is taken."""
        secret = self._passphrase(new=True)
        self._keep(label, generate_key(key_type), secret)
        return self.open(label)  # from the disk: a container that cannot be read again must not go into use

    def adopt(self, label: str, key: CertificateIssuerPrivateKeyTypes) -> None:
        """Store a key that was made elsewhere, encrypted and durable. PolicyError if the label is taken."""
        self._keep(label, narrowed(key), self._passphrase(new=False))
        self.open(label)

    def prepare(self, *, new: bool) -> None:
        """Get the passphrase now, before anything is made. UsageError, InputError or PolicyError when there is none."""
        self._passphrase(new=new)

    def exists(self, label: str) -> bool:
        """Whether a key of this label is stored; asks for no passphrase."""
        return self._files.exists(self._path(label))

    def sealed(self, label: str) -> bytes:
        """A stored key as it is kept; WorldError as `open`, which is tried first."""
        self.open(label)
        return self._files.read(self._path(label))

    def open(self, label: str) -> CertificateIssuerPrivateKeyTypes:
        """Unlock a stored key. WorldError when missing, damaged or the passphrase is wrong."""
        if label not in self._opened:
            self._opened[label] = self._unlock(label)
        return self._opened[label]

    def change_passphrase(self, new: bytes, replaced: Callable[[], None]) -> int:
        """Encrypt every key anew, all of them before the first is replaced, each in one atomic step; how many there are.

        Killed between two, the run is repeated: keys that are under the new passphrase already are seen and left.
        """
        labels = [os.path.basename(path).removesuffix(".pem") for path in self._files.glob(f"{_literal(self._folder)}/*.pem")]
        opened = {label: self._either(label, new) for label in labels}
        made = {label: encrypted_pem(key, new, self._cost) for label, key in opened.items()}
        for label, content in made.items():
            load_pem_private_key(content, new)
            self._files.write(self._path(label), content, mode=0o600)
            replaced()
        self._secret = new
        return len(made)

    def _either(self, label: str, new: bytes) -> SigningKey:
        try:
            return narrowed(self.open(label))
        except WorldError:
            path = self._path(label)
            try:
                return narrowed(cast("CertificateIssuerPrivateKeyTypes", load_pem_private_key(self._files.read(path), new)))
            except (ValueError, TypeError):
                pass
            raise

    def _keep(self, label: str, key: SigningKey, secret: bytes) -> None:
        self._files.make_folder(self._folder, mode=0o700)
        self._files.create(self._path(label), encrypted_pem(key, secret, self._cost), mode=0o600)

    def _unlock(self, label: str) -> SigningKey:
        path = self._path(label)
        try:
            content = self._files.read(path)
        except InputError as error:
            raise WorldError(
                f"the key of the {label} CA {error.what}",
                where=path,
                hint="restore it from your backup of the home folder, or bring it from the host where that CA was made",
            ) from error
        if b"BEGIN ENCRYPTED PRIVATE KEY" not in content:
            raise WorldError("is not an encrypted private key in PEM", where=path, hint="restore it from your backup")
        secret = self._passphrase(new=False)
        try:
            return narrowed(cast("CertificateIssuerPrivateKeyTypes", load_pem_private_key(content, secret)))
        except HandclaspError:
            raise
        except (ValueError, TypeError, MemoryError) as error:
            raise WorldError(
                f"the key of the {label} CA cannot be unlocked: the passphrase is wrong, or the file is damaged",
                where=path,
                hint="give the passphrase that was chosen at `handclasp init`, for example with --passphrase-file FILE",
            ) from error

    def _passphrase(self, *, new: bool) -> bytes:
        if self._secret is None:
            self._secret = self._ask(new)
        return self._secret

    def _path(self, label: str) -> str:
        return os.path.join(self._folder, f"{label}.pem")


def encrypted_pem(key: SigningKey, passphrase: bytes, cost: ScryptCost) -> bytes:
    """The key as -----BEGIN ENCRYPTED PRIVATE KEY-----: PBES2, scrypt, AES-256-CBC, fresh salt and IV."""
    salt, iv = os.urandom(16), os.urandom(16)
    secret = Scrypt(salt=salt, length=_KEY_OCTETS, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    padder = padding.PKCS7(128).padder()
    clear = padder.update(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    derivation = der.sequence(
        der.oid(_SCRYPT),
        der.sequence(
            der.octet_string(salt), der.integer(cost.n), der.integer(cost.r), der.integer(cost.p), der.integer(_KEY_OCTETS)
        ),
    )
    scheme = der.sequence(der.oid(_AES256_CBC), der.octet_string(iv))
    container = der.sequence(
        der.sequence(der.oid(_PBES2), der.sequence(derivation, scheme)),
        der.octet_string(encryptor.update(clear) + encryptor.finalize()),
    )
    text = base64.b64encode(container)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN ENCRYPTED PRIVATE KEY-----", *lines, b"-----END ENCRYPTED PRIVATE KEY-----", b""])


def generate_key(key_type: KeyType) -> SigningKey:
    """A fresh key of that kind."""
    if key_type is KeyType.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if key_type in (KeyType.EC_P256, KeyType.EC_P384):
        return ec.generate_private_key(ec.SECP256R1() if key_type is KeyType.EC_P256 else ec.SECP384R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(key_type.removeprefix("rsa-")))


def _literal(folder: str) -> str:
    """A folder as a pattern that matches only itself."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in folder)
