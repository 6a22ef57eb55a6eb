"""Reads cfssl's certificate database in SQLite (certdb/sqlite/migrations of cfssl), read-only."""

import contextlib
import sqlite3
from datetime import UTC, datetime
from urllib.parse import quote

from handclasp.model.errors import InputError
from handclasp.ports.cfssl import CfsslRow

_QUERY = "SELECT serial_number, status, reason, expiry, revoked_at, pem FROM certificates"


def read_cfssl(path: str) -> tuple[CfsslRow, ...]:
    """ports.ReadCfssl: serials are decimal text there, times are text in UTC, the year 1 stands for none."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
            return tuple(_row(*row) for row in connection.execute(_QUERY))
    except (sqlite3.Error, ValueError, TypeError) as error:
        hint = "it needs the table 'certificates' of cfssl, with serial_number, status, reason, expiry, revoked_at and pem"
        raise InputError(f"is not a database of cfssl: {error}", where=path, hint=hint) from error


def _row(serial: object, status: object, reason: object, expiry: object, revoked_at: object, pem: object) -> CfsslRow:
    revoked = _text(status) == "revoked"
    return CfsslRow(
        serial=int(_text(serial)),
        revoked_at=_time(_text(revoked_at)) if revoked else None,
        reason=int(_text(reason) or "0") if revoked else 0,
        expiry=_time(_text(expiry)),
        pem=_text(pem).encode(),
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else "" if value is None else str(value)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
