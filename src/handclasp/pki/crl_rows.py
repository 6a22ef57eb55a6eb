"""Entries of a CRL (RFC 5280 5.1.2.6) in DER, written by column: an octet of thousands of entries in one step.

A call for each entry would take longer than `openssl ca -gencrl` takes for everything. Entries ascend by serial, so those with
serials of one size stand together, and have their dates and reasons at the same places.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from operator import lt

from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import Bug
from handclasp.pki import der_write as der
from handclasp.pki.der import INTEGER, SEQUENCE

_SHORT = 127
"""The longest content whose length takes one octet."""

REASON_CODES: dict[str, int] = {
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}  # RFC 5280 5.3.1; unspecified (0) is written as no extension at all, and removeFromCRL means "not revoked" to nginx

_CODES: dict[str | None, int] = dict.fromkeys((None, "unspecified"), 0)
_CODES.update(REASON_CODES)
_REASON = der.sequence(der.extension("2.5.29.21", b"\x0a\x01\0"))
"""The extensions of an entry, whose last octet is the code; one of code 0 has none."""


def rows(some: Sequence[RevokedEntry], *, after: int) -> bytes:
    """The entries, whose serials must ascend from above `after`; Bug when one cannot stand there."""
    serials, dates, reasons = zip(*some, strict=True)
    if serials[0] <= after or not all(map(lt, serials, serials[1:])):
        wrong = next(serial for before, serial in pairwise((after, *serials)) if serial <= before)
        raise Bug(f"serial {wrong:X} cannot stand here in a CRL")
    if strange := set(reasons) - _CODES.keys():
        raise Bug(f"reason {min(map(str, strange))} cannot stand in a complete CRL")
    made, start = [], 0
    while start < len(serials):
        size = serials[start].bit_length() // 8 + 1
        stop = bisect_left(serials, 1 << (8 * size - 1), start)
        made.append(_alike(size, serials[start:stop], dates[start:stop], reasons[start:stop]))
        start = stop
    return b"".join(made)


def _alike(size: int, serials: Sequence[int], dates: Sequence[datetime], reasons: Sequence[str | None]) -> bytes:
    """Entries whose serials have `size` octets."""
    found = der.times(dates)
    if found is None:
        return b"".join(map(_entry, serials, dates, reasons))
    form, differing = found
    codes = bytes(map(_CODES.__getitem__, reasons))
    bare, full = (4 + size + len(form) + more for more in (0, len(_REASON)))
    if full - 2 > _SHORT:
        raise Bug(f"serial {serials[0]:X} cannot stand here in a CRL")
    made = bytearray(bytes((SEQUENCE, full - 2, INTEGER, size)) + bytes(size) + form + _REASON) * len(serials)
    numbers = b"".join([serial.to_bytes(size, "big") for serial in serials])
    for place in range(size):
        made[4 + place :: full] = numbers[place::size]
    for place, column in differing.items():
        made[4 + size + place :: full] = column
    made[full - 1 :: full] = codes
    if 0 not in codes:
        return bytes(made)
    made[1::full] = codes.translate(bytes((bare - 2,)) + bytes((full - 2,)) * 255)
    written, starts = bytes(made), range(0, len(made), full)
    return b"".join([written[start : start + (full if code else bare)] for start, code in zip(starts, codes, strict=True)])


def _entry(serial: int, date: datetime, reason: str | None) -> bytes:
    """One entry by itself."""
    code = _CODES[reason]
    return der.sequence(der.integer(serial), der.time(date), _REASON[:-1] + bytes((code,)) if code else b"")
