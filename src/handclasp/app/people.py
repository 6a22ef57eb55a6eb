"""Many identities from a table (CSV, RFC 4180) or from a folder of requests.

All are checked before the first is issued; a second run does the rest.
"""

import codecs
import csv
import glob
import io
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from handclasp.app.home import Home
from handclasp.app.issue import Issued, IssueOrder, issue, request_of
from handclasp.app.profiles import profile_of
from handclasp.model.errors import HandclaspError, InputError, PolicyError, UsageError
from handclasp.model.issuance import KeyType
from handclasp.model.text import plural
from handclasp.pki.csr import Wishes, read_csr
from handclasp.pki.names import fold

CSR = "csr"
COLUMNS = ("name", "profile", "san", "days", "key_type", "organization", CSR)
"""Of these `name` must be there; `san` holds several names with spaces between them, `csr` a path from the table's folder."""

_REQUESTS = (".csr", ".req", ".p10", ".pem")

MAX_ROWS = 2_000_000
_SHOWN = 20
_REST = "(cells behind the last column)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one row: `issued`, or `skipped` says why not (the name has a certificate already)."""

    name: str
    issued: Issued | None
    skipped: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A table whose rows were all found good. Whoever walks over it reads it anew: rows take no memory.

    `template`: what holds where a cell is empty. `request`: reads the request that a row names.
    """

    content: bytes
    fields: tuple[str, ...]
    delimiter: str
    template: IssueOrder
    request: Callable[[str], Wishes]
    count: int = 0

    def __iter__(self) -> Iterator[IssueOrder]:
        return (self.order(row) for _, row in self.rows())

    def __len__(self) -> int:
        return self.count

    def rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """Line number and cells of each that has any; csv.Error, with line and reason, where it is no CSV."""
        text = io.TextIOWrapper(io.BytesIO(self.content), encoding="utf-8-sig", newline="")
        reader = csv.DictReader(text, self.fields, delimiter=self.delimiter, restkey=_REST, strict=True)
        begun = 1
        try:
            next(reader, None)  # the heading
            begun = reader.line_num + 1
            for row in reader:
                if _beyond(row) or any((row[field] or "").strip() for field in self.fields):  # spreadsheets end in ,,,,
                    yield reader.line_num, row
                begun = reader.line_num + 1
        except csv.Error as error:
            raise csv.Error(begun, str(error)) from error

    def order(self, row: dict[str, str | None]) -> IssueOrder:
        """What a row asks for; InputError or PolicyError where a cell is none."""
        if _beyond(row):
            raise InputError("has more fields than the heading")
        cells = {column: text for column in self.fields if (text := (row[column] or "").strip())}
        days, key_type, csr = cells.get("days"), cells.get("key_type"), cells.get(CSR)
        if days and not (days.isascii() and days.isdigit() and len(days) < 9 and int(days) > 0):
            raise InputError(f"days is {days[:20]!r}, not a number of days")
        if key_type and key_type not in tuple(KeyType):
            raise InputError(f"there is no key type {key_type[:20]!r}; use one of: {', '.join(KeyType)}")
        template = self.template
        return replace(
            template,
            name=cells.get("name", ""),
            profile=cells.get("profile", template.profile),
            subject_alt_names=tuple(cells.get("san", "").split()),
            key_type=KeyType(key_type) if key_type else template.key_type,
            lifetime=timedelta(days=int(days)) if days else template.lifetime,
            organization=cells.get("organization", template.organization),
            wishes=self.request(csr) if csr else None,
        )


def read_people(home: Home, content: bytes, *, where: str, template: IssueOrder) -> People:
    """The orders of a table with a heading; comma, semicolon or tab between fields; UTF-8, or UTF-16 with its mark.

    Every row is checked for its form; what profile and CA allow is asked when its turn comes (issue_all, fleet).

    `template` holds where a cell is empty or a column is missing.

    Raises:
        InputError: with every faulty row by its line number; nothing was issued.
    """
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            content = content.decode("utf-16").encode()  # "Unicode text" of spreadsheets
        heading = content.decode("utf-8-sig").partition("\n")[0]
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start + 1})", where=where, hint="save it as CSV UTF-8") from error
    delimiter = next((mark for mark in "\t;" if mark in heading), ",")
    names = next(csv.reader([heading.strip()], delimiter=delimiter), [])
    fields = tuple(name.strip().lower() for name in names)
    if "name" not in fields or len(set(fields)) != len(fields) or not set(fields) <= set(COLUMNS):
        raise InputError(
            f"the heading is {heading.strip()[:200]!r}", where=f"{where}:1", hint=f"the columns are: {','.join(COLUMNS)}"
        )
    folder = posixpath.dirname(where)
    people = People(
        content=content,
        fields=fields,
        delimiter=delimiter,
        template=template,
        request=lambda path: _below(home, folder, path),
    )
    count, faults = _checked(people, home)
    if not count and not faults:
        raise InputError("has no rows", where=where, hint="write one line per identity below the heading")
    if faults:
        more = f"\nand {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        listed = "\n".join(f"line {line}: {fault}" for line, fault in faults[:_SHOWN])
        raise InputError(
            f"{len(faults)} {plural(len(faults), 'row is', 'rows are')} faulty",
            where=f"{where}:{faults[0][0]}",
            hint=listed + more,
        )
    return replace(people, count=count)


def read_requests(home: Home, folder: str, *, template: IssueOrder) -> tuple[IssueOrder, ...]:
    """The orders of a folder of requests, each for the name that its file has, and all else as in `template`.

    Other files in it (keys, notes) are left alone.

    Raises:
        InputError: with every faulty request; nothing was issued.
    """
    orders: list[IssueOrder] = []
    faults: list[str] = []
    seen: dict[str, str] = {}
    find = lru_cache(lambda name: profile_of(home, name))
    for path in sorted(home.files.glob(f"{glob.escape(folder)}/*")):
        stem, suffix = posixpath.splitext(posixpath.basename(path))
        if suffix.lower() not in _REQUESTS or (suffix.lower() == ".pem" and b" REQUEST-----" not in home.files.read(path)):
            continue
        try:
            order = replace(template, name=stem, wishes=read_csr(home.files.read(path), where=path))
            name = request_of(order, find).name
        except HandclaspError as fault:
            faults.append(f"{path}: {fault.what}")
            continue
        if other := seen.get(fold(name)):
            faults.append(f"{path}: the name {name!r} is that of {other}, or would be mistaken for it")
        seen.setdefault(fold(name), path)
        orders.append(order)
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise InputError(
            f"{len(faults)} {plural(len(faults), 'request is', 'requests are')} faulty",
            where=folder,
            hint="\n".join([*faults[:_SHOWN], *more]),
        )
    if not orders:
        raise InputError(
            "has no requests", where=folder, hint=f"one file for each name: alice.csr (or {' '.join(_REQUESTS[1:])})"
        )
    return tuple(orders)


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
                name = request_of(people.order(row), find).name
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


def _beyond(row: Mapping[str, str | None]) -> bool:
    """Whether a row says something behind its last column."""
    return any(cell.strip() for cell in row.get(_REST) or ())


def _below(home: Home, folder: str, path: str) -> Wishes:
    """The request at that place below the folder of the table: whoever wrote the table names nothing outside."""
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise InputError(f"csr is {path[:80]!r}, which is no path below the folder of the table")
    try:
        return read_csr(home.files.read(posixpath.join(folder, path)), where=path)
    except HandclaspError as fault:
        fault.what = f"{path[:80]!r} {fault.what}"
        raise
