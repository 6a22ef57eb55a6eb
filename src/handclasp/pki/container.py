"""PKCS#12 containers opened for what they show to others: the certificates."""

import warnings

from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from handclasp.model.errors import InputError

_DATA = bytes.fromhex("06092a864886f70d0107")


def is_container(data: bytes) -> bool:
    """Whether these bytes begin like a PKCS#12 file (RFC 7292: version 3, then a PKCS#7 content)."""
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[:12] and _DATA in data[:64]


def certificates_of(data: bytes, password: bytes | None, *, where: str) -> tuple[bytes, ...] | None:
    """The certificates (DER) of a container, that of the key first, then its issuers in order, then others.

    The key is decoded by the library and dropped at once. None: the password does not fit.

    Raises:
        InputError: it fits, but no certificate is inside.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # what others write is BER; it is read all the same
            opened = pkcs12.load_pkcs12(data, password)
    except ValueError:
        return None
    own = opened.cert.certificate if opened.cert else None
    waiting = [item.certificate for item in opened.additional_certs]
    if own is None:
        raise InputError("this PKCS#12 file has no certificate that belongs to its key", where=where)
    ordered = [own]
    while found := next((item for item in waiting if item.subject == ordered[-1].issuer), None):
        ordered.append(found)
        waiting.remove(found)
    return tuple(item.public_bytes(Encoding.DER) for item in (*ordered, *waiting))
