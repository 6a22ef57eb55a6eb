"""A file under a passphrase: scrypt (RFC 7914) and AES-256-GCM in pieces, so that no change, cut or rearrangement is missed.

The first line says how, and is authenticated with every piece. A nonce holds the number of its piece and a mark on the last.
"""

import json
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from handclasp.model.errors import InputError

MAGIC = b"handclasp-sealed "
RANDOM_OCTETS = 16 + 7
"""What `seal` needs of chance: the salt, and the beginning of each nonce."""

_PIECE = 16 * 1024 * 1024
_TAG = 16
_N, _R, _P = 1 << 17, 8, 1  # 128 MiB, a quarter of a second
_DEAREST = 1 << 18


def seal(content: bytes, passphrase: bytes, random: bytes) -> bytes:
    """The content, sealed. `random`: RANDOM_OCTETS that were never used before."""
    if len(random) != RANDOM_OCTETS:
        raise ValueError(f"a seal takes {RANDOM_OCTETS} random octets, not {len(random)}")
    salt, prefix = random[:16], random[16:]
    said = {"version": 1, "kdf": "scrypt", "n": _N, "r": _R, "p": _P, "salt": salt.hex(), "nonce": prefix.hex()}
    head = MAGIC + json.dumps({**said, "cipher": "aes-256-gcm", "piece": _PIECE}).encode() + b"\n"
    cipher = AESGCM(_key(passphrase, salt, _N, _R, _P))
    pieces = [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)] or [b""]
    sealed = (cipher.encrypt(nonce, piece, head) for nonce, piece in zip(_nonces(prefix, len(pieces)), pieces, strict=True))
    return head + b"".join(sealed)


def unseal(sealed: bytes, passphrase: bytes, *, where: str) -> bytes:
    """What was sealed.

    Raises:
        InputError: it is nothing sealed, the passphrase is another, or the file was changed or cut.
    """
    head, _, body = sealed.partition(b"\n")
    try:
        said = json.loads(head.removeprefix(MAGIC))
        cost = (int(said["n"]), int(said["r"]), int(said["p"]))
        salt, prefix, size = bytes.fromhex(said["salt"]), bytes.fromhex(said["nonce"]), int(said["piece"])
        known = said["version"] == 1 and len(prefix) == 7 and size > 0 and cost[0] <= _DEAREST and cost[1] * cost[2] <= 64
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"is not sealed as Handclasp does it: {error}", where=where) from error
    if not known:
        raise InputError("is sealed in a way that is not known", where=where, hint="upgrade Handclasp")
    cipher = AESGCM(_key(passphrase, salt, *cost))
    pieces = [body[start : start + size + _TAG] for start in range(0, len(body), size + _TAG)] or [b""]
    nonces = _nonces(prefix, len(pieces))
    try:
        return b"".join(cipher.decrypt(nonce, piece, head + b"\n") for nonce, piece in zip(nonces, pieces, strict=True))
    except (InvalidTag, ValueError) as error:
        raise InputError(
            "cannot be opened: the passphrase is another, or the file is damaged",
            where=where,
            hint="give the passphrase that the CA keys had at that time, for example with --passphrase-file FILE",
        ) from error


def is_sealed(content: bytes) -> bool:
    """Whether `seal` made this."""
    return content.startswith(MAGIC)


def _nonces(prefix: bytes, count: int) -> Iterator[bytes]:
    """STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015): prefix, number, and a mark on the last."""
    for number in range(count):
        yield prefix + number.to_bytes(4, "big") + bytes([number == count - 1])


def _key(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase)
