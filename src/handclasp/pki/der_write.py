"""The few DER encoders (X.690) that `cryptography` has no public door for: CRLs at size, and scrypt key containers."""

from datetime import UTC, datetime
from functools import lru_cache

from handclasp.pki.der import encode

_TWO_DIGITS = tuple(b"%02d" % number for number in range(100))
"""Looked up, because a CRL may have a million dates: formatting takes many times as long."""


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of already encoded parts."""
    return encode(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    """INTEGER, zero or positive, in the fewest octets."""
    if value < 0:
        raise ValueError("only non-negative integers are written here")
    return encode(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING, primitive."""
    return encode(0x04, content)


def bit_string(content: bytes) -> bytes:
    """BIT STRING of whole octets."""
    return encode(0x03, b"\0" + content)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return encode(0x06, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def time(moment: datetime) -> bytes:
    """Time (RFC 5280 4.1.2.5): UTCTime through 2049, GeneralizedTime from 2050; whole seconds, UTC."""
    utc = moment.astimezone(UTC)
    if utc.year < 2050:
        fields = (utc.year % 100, utc.month, utc.day, utc.hour, utc.minute, utc.second)
        return b"\x17\x0d" + b"".join([_TWO_DIGITS[one] for one in fields]) + b"Z"
    return generalized_time(utc)


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime of whole seconds in UTC (RFC 5280 4.1.2.5.2)."""
    return encode(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | (value & 0x7F))
    return bytes(reversed(octets))
