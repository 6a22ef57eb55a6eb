"""Private keys, looked at for the public key that belongs to them. Nothing of the key itself is kept."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from handclasp.model.errors import InputError
from handclasp.model.evidence import ENCRYPTED, NO_KEY

_MARKS = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


def is_encrypted(data: bytes) -> bool:
    """Whether PEM text holds a private key that a password opens."""
    return any(mark in data for mark in _MARKS)


def spki_of_private_key_pem(data: bytes, *, where: str, passwords: tuple[bytes, ...] = ()) -> bytes:
    """DER SubjectPublicKeyInfo of a PEM private key, to compare with a certificate's.

    Raises InputError when there is no key (NO_KEY), none of the passwords opens it (ENCRYPTED), or it cannot be read.
    """
    hint = f"openssl pkey -in {where} -noout"
    if b"PRIVATE KEY-----" not in data:
        raise InputError(NO_KEY, where=where, hint=hint)
    encrypted = is_encrypted(data)
    for password in passwords if encrypted else (None,):
        try:
            key = load_pem_private_key(data, password=password)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            if not encrypted:
                words = str(error).partition(" See https:")[0]
                raise InputError(f"no readable private key: {words}", where=where, hint=hint) from error
        else:
            return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raise InputError(ENCRYPTED, where=where, hint=hint)
