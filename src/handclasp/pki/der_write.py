"""The few DER encoders (X.690) that `cryptography` has no public door for: CRLs at size, and scrypt key containers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter, is_

from handclasp.pki.der import encode

_TENS, _UNITS = (bytes(0x30 + number // weight % 10 for number in range(256)) for weight in (10, 1))
"""The two digits of a number below 100, as tables for bytes.translate."""

_FIELDS = ("month", "day", "hour", "minute", "second")
_UTC_FORM = b"\x17\x0d000000000000Z"


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
    return b"\x17\x0d" + utc.strftime("%y%m%d%H%M%SZ").encode() if utc.year < 2050 else generalized_time(utc)


def times(moments: Sequence[datetime]) -> tuple[bytes, dict[int, bytes]] | None:
    """`time` of each: one form, and by their place in it the octets that differ, of all moments in a row.

    A CRL may have a million dates, and so a digit of all of them is written in one step. None when they are not of one form:
    a moment beyond UTCTime, or one of another zone than UTC.
    """
    if all(map(is_, moments, moments[1:])):
        return time(moments[0]), {}
    years = [one.year for one in moments]
    if min(years) < 1950 or max(years) > 2049 or set(map(attrgetter("tzinfo"), moments)) != {UTC}:
        return None
    fields = (bytes([year % 100 for year in years]), *(bytes(map(attrgetter(name), moments)) for name in _FIELDS))
    places = range(2, len(_UTC_FORM), 2)
    tens = {place: field.translate(_TENS) for place, field in zip(places, fields, strict=False)}
    units = {place + 1: field.translate(_UNITS) for place, field in zip(places, fields, strict=False)}
    return _UTC_FORM, tens | units


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime of whole seconds in UTC (RFC 5280 4.1.2.5.2)."""
    return encode(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def extension(dotted: str, value: bytes) -> bytes:
    """A non-critical extension: the DEFAULT FALSE is left out in DER."""
    return sequence(oid(dotted), octet_string(value))


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | (value & 0x7F))
    return bytes(reversed(octets))
