"""A certification request in a file, as programs and shells write it; a file without one is told by what it holds instead."""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from handclasp.model.errors import InputError

MAX_BYTES = 64 * 1024
"""Larger requests are refused unread."""

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for requests and certificates that are none, or odd."""

_MAKE = "make one: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=x"
_BLOCK = re.compile(rb"-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----[^-]*-----END (?:NEW )?CERTIFICATE REQUEST-----")


def request_in(content: bytes, *, where: str) -> x509.CertificateSigningRequest:
    """The one request in a file: PEM, also among other text or in UTF-16 (PowerShell's >), or DER.

    Raises:
        InputError: there is none, there are several, or it cannot be read.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"has {len(content)} bytes; a request has at most {MAX_BYTES}", where=where)
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        content = content.decode("utf-16", "replace").encode()
    blocks = _BLOCK.findall(content)
    if len(blocks) > 1:
        raise InputError("holds several requests, and one is needed", where=where, hint="give each in a file of its own")
    if not blocks and content[:1] != b"\x30":
        raise _instead(content, where)
    try:
        return x509.load_pem_x509_csr(blocks[0]) if blocks else x509.load_der_x509_csr(content)
    except UNREADABLE as error:
        raise InputError("is not a certification request that can be read", where=where, hint=_MAKE) from error


def _instead(content: bytes, where: str) -> InputError:
    """What is there instead of a request."""
    if not content.strip():
        return InputError("is empty", where=where, hint=_MAKE)
    if b"PRIVATE KEY-----" in content:
        return InputError(
            "is a private key, and its request is needed",
            where=where,
            hint="openssl req -new -key KEY -subj /CN=x -out request.csr     the key stays with its owner",
        )
    if b"CERTIFICATE REQUEST-----" in content:
        return InputError(
            "is cut off or spoilt: its request does not end", where=where, hint="copy it again, with its last line"
        )
    if b"-----BEGIN CERTIFICATE-----" in content:
        return InputError("is a certificate, and a certification request is needed", where=where, hint=_MAKE)
    return InputError("is no certification request: neither PEM nor DER", where=where, hint=_MAKE)
