"""The database of cfssl, as far as it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CfsslRow:
    """One line of its table `certificates`. `reason` is the number of RFC 5280 5.3.1; `pem` as it stands."""

    serial: int
    revoked_at: datetime | None
    reason: int
    expiry: datetime
    pem: bytes


ReadCfssl = Callable[[str], tuple[CfsslRow, ...]]
"""Reads the database at a path; InputError when it is none of cfssl. Nothing is written."""
