"""Many identities from a table (CSV, RFC 4180): all rows are checked before the first is issued; a second run does the rest."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from handclasp.app.home import Home
from handclasp.app.issue import Issued, IssueOrder, issue, request_of
from handclasp.app.profiles import profile_of
from handclasp.model.errors import HandclaspError, InputError, PolicyError, UsageError
from handclasp.model.issuance import KeyType, Profile
from handclasp.pki.names import fold

COLUMNS = ("name", "profile", "san", "days", "key_type", "organization")
"""Of these `name` must be there; `san` holds several names with spaces between them."""

MAX_ROWS = 100_000
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one row: `issued`, or `skipped` says why not (the name has a certificate already)."""

    name: str
    issued: Issued | None
    skipped: str | None


def read_people(home: Home, content: bytes, *, where: str) -> tuple[IssueOrder, ...]:
    """The orders of a table in UTF-8 with a heading, comma or semicolon between fields.

    Raises:
        InputError: with every faulty row by its line number; nothing was issued.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start + 1})", where=where, hint="save it as CSV UTF-8") from error
    heading = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading else ",", strict=True)
    fields = [(field or "").strip().lower() for field in reader.fieldnames or ()]
    unknown = [field for field in fields if field not in COLUMNS]
    if "name" not in fields or unknown or len(set(fields)) != len(fields):
        raise InputError(
            f"the heading is {heading.strip()[:200]!r}", where=f"{where}:1", hint=f"the columns are: {','.join(COLUMNS)}"
        )
    reader.fieldnames = fields
    orders, faults = _orders(reader, lambda name: profile_of(home, name))
    if not orders and not faults:
        raise InputError("has no rows", where=where, hint="write one line per identity below the heading")
    if faults:
        more = f"\nand {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        listed = "\n".join(f"line {line}: {fault}" for line, fault in faults[:_SHOWN])
        raise InputError(f"{len(faults)} rows are faulty", where=f"{where}:{faults[0][0]}", hint=listed + more)
    return tuple(orders)


def issue_all(home: Home, orders: Iterable[IssueOrder]) -> tuple[Row, ...]:
    """Issue one after the other. A name that has a certificate is skipped; any other failure ends it: run it again to go on."""
    rows = []
    for order in orders:
        try:
            rows.append(Row(name=order.name, issued=issue(home, order), skipped=None))
        except PolicyError as refusal:
            rows.append(Row(name=order.name, issued=None, skipped=refusal.what))
    return tuple(rows)


def _orders(reader: "csv.DictReader[str]", find: Callable[[str], Profile]) -> tuple[list[IssueOrder], list[tuple[int, str]]]:
    orders: list[IssueOrder] = []
    faults: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    try:
        for row in reader:
            line = reader.line_num
            try:
                order = _order(row)
                request = request_of(order, find)
            except HandclaspError as fault:
                faults.append((line, fault.what))
                continue
            first = seen.setdefault(fold(request.name), line)
            if first != line:
                faults.append((line, f"the name {request.name!r} is that of line {first}, or would be mistaken for it"))
            orders.append(order)
            if len(orders) > MAX_ROWS:
                raise UsageError(f"more than {MAX_ROWS} rows", hint="split the table")
    except csv.Error as error:
        faults.append((reader.line_num, f"is no CSV: {error}"))
    return orders, faults


def _order(row: dict[str, str | None]) -> IssueOrder:
    if None in row:
        raise InputError("has more fields than the heading")
    cells = {column: (value or "").strip() for column, value in row.items()}
    days, key_type = cells.get("days"), cells.get("key_type")
    if days and not (days.isascii() and days.isdigit() and 0 < int(days) <= 36500):
        raise InputError(f"days is {days[:20]!r}, not a number of days")
    if key_type and key_type not in tuple(KeyType):
        raise InputError(f"there is no key type {key_type[:20]!r}; use one of: {', '.join(KeyType)}")
    return IssueOrder(
        name=cells["name"],
        profile=cells.get("profile") or "client",
        subject_alt_names=tuple((cells.get("san") or "").split()),
        key_type=KeyType(key_type) if key_type else None,
        lifetime=timedelta(days=int(days)) if days else None,
        organization=cells.get("organization") or None,
    )
