"""Many identities from a table (CSV, RFC 4180): all rows are checked before the first is issued; a second run does the rest."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from handclasp.app.home import Home
from handclasp.app.issue import Issued, IssueOrder, issue, request_of
from handclasp.app.profiles import profile_of
from handclasp.model.errors import HandclaspError, InputError, PolicyError, UsageError
from handclasp.model.issuance import KeyType
from handclasp.pki.names import fold

COLUMNS = ("name", "profile", "san", "days", "key_type", "organization")
"""Of these `name` must be there; `san` holds several names with spaces between them."""

MAX_ROWS = 2_000_000
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one row: `issued`, or `skipped` says why not (the name has a certificate already)."""

    name: str
    issued: Issued | None
    skipped: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A table whose rows were all found good. Whoever walks over it reads it anew: rows take no memory."""

    content: bytes
    fields: tuple[str, ...]
    delimiter: str
    count: int = 0

    def __iter__(self) -> Iterator[IssueOrder]:
        return (_order(row) for _, row in self.rows())

    def __len__(self) -> int:
        return self.count

    def rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """Line number and cells of each; csv.Error, with line and reason, where it is no CSV."""
        text = io.TextIOWrapper(io.BytesIO(self.content), encoding="utf-8-sig", newline="")
        reader = csv.DictReader(text, self.fields, delimiter=self.delimiter, strict=True)
        try:
            next(reader, None)  # the heading
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise csv.Error(reader.line_num, str(error)) from error


def read_people(home: Home, content: bytes, *, where: str) -> People:
    """The orders of a table in UTF-8 with a heading, comma or semicolon between fields. Every row is checked.

    Raises:
        InputError: with every faulty row by its line number; nothing was issued.
    """
    try:
        heading = content.decode("utf-8-sig").partition("\n")[0]
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start + 1})", where=where, hint="save it as CSV UTF-8") from error
    delimiter = ";" if ";" in heading else ","
    names = next(csv.reader([heading.strip()], delimiter=delimiter), [])
    fields = tuple(name.strip().lower() for name in names)
    if "name" not in fields or len(set(fields)) != len(fields) or not set(fields) <= set(COLUMNS):
        raise InputError(
            f"the heading is {heading.strip()[:200]!r}", where=f"{where}:1", hint=f"the columns are: {','.join(COLUMNS)}"
        )
    people = People(content=content, fields=fields, delimiter=delimiter)
    count, faults = _checked(people, home)
    if not count and not faults:
        raise InputError("has no rows", where=where, hint="write one line per identity below the heading")
    if faults:
        more = f"\nand {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        listed = "\n".join(f"line {line}: {fault}" for line, fault in faults[:_SHOWN])
        raise InputError(f"{len(faults)} rows are faulty", where=f"{where}:{faults[0][0]}", hint=listed + more)
    return replace(people, count=count)


def issue_all(home: Home, orders: Iterable[IssueOrder]) -> Iterator[Row]:
    """Issue one after the other. A name that has a certificate is skipped; any other failure ends it: run it again to go on."""
    for order in orders:
        try:
            row = Row(name=order.name, issued=issue(home, order), skipped=None)
        except PolicyError as refusal:
            row = Row(name=order.name, issued=None, skipped=refusal.what)
        yield row


def _checked(people: People, home: Home) -> tuple[int, list[tuple[int, str]]]:
    """How many rows are good, and line and fault of the others."""
    find = lru_cache(lambda name: profile_of(home, name))
    count = 0
    faults: list[tuple[int, str]] = []
    seen: set[int] = set()  # of hashes: a number each, however long the names are
    try:
        for line, row in people.rows():
            try:
                name = request_of(_order(row), find).name
                key = hash(fold(name))
                if key in seen and len(faults) < _SHOWN and (earlier := _line_of(people, fold(name))) < line:
                    raise InputError(f"the name {name!r} is that of line {earlier}, or would be mistaken for it")
            except HandclaspError as fault:
                faults.append((line, fault.what))
                continue
            seen.add(key)
            count += 1
            if count > MAX_ROWS:
                raise UsageError(f"more than {MAX_ROWS} rows", hint="split the table")
    except csv.Error as error:
        faults.append((error.args[0], f"is no CSV: {error.args[1]}"))
    return count, faults


def _line_of(people: People, key: str) -> int:
    """Where that name stands first."""
    return next(line for line, row in people.rows() if fold((row.get("name") or "").strip()) == key)


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
