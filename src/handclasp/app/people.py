"""Many identities from a table (CSV, RFC 4180) or from a folder of requests.

All are checked before the first is issued; a second run does the rest.
"""

import codecs
import csv
import glob
import io
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
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
_BETWEEN_NAMES = re.compile(r"\s*[,;]\s*(?=(?:dns|ip|email|uri|upn):)|\s+", re.IGNORECASE)
"""Blanks; `openssl` writes commas too. A comma elsewhere belongs to a name: those of URIs may have one."""

_SEPARATOR = re.compile(r"sep=.?\s*\Z", re.IGNORECASE)


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
    heading: int
    fields: tuple[str, ...]
    delimiter: str
    template: IssueOrder
    request: Callable[[str], Wishes]
    count: int = 0

    def __iter__(self) -> Iterator[IssueOrder]:
        return (self.order(row) for _, row in self.rows())

    def __len__(self) -> int:
        return self.count

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number of the first line and cells of each that has any; csv.Error, with line and reason, where it is no CSV."""
        for begun, ended, cells in _records(self.content, self.delimiter):
            if ended > self.heading and any(cell.strip() for cell in cells):  # spreadsheets end in ,,,,
                yield begun, cells

    def order(self, row: list[str]) -> IssueOrder:
        """What a row asks for; InputError or PolicyError where a cell is none."""
        if any(cell.strip() for cell in row[len(self.fields) :]):
            raise InputError("has more fields than the heading")
        cells = {column: text for column, cell in zip(self.fields, row, strict=False) if (text := cell.strip())}
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
            subject_alt_names=tuple(name for name in _BETWEEN_NAMES.split(cells.get("san", "")) if name),
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
    content = _plain(content, where)
    line, fields, delimiter, text = _heading(content)
    if "name" not in fields or len(set(fields)) != len(fields) or not set(fields) <= set(COLUMNS):
        hint = f"the first line names the columns, which are: {','.join(COLUMNS)}"
        raise InputError(f"the heading is {text[:200]!r}", where=f"{where}:{line}", hint=hint)
    folder = posixpath.dirname(where)
    people = People(
        content=content,
        heading=line,
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
    at = people.fields.index("name")
    return next(line for line, row in people.rows() if fold("".join(row[at : at + 1]).strip()) == key)


def _plain(content: bytes, where: str) -> bytes:
    """The table in UTF-8."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            content = content.decode("utf-16").encode()  # "Unicode text" of spreadsheets
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start + 1})", where=where, hint="save it as CSV UTF-8") from error
    if b"\0" in content:  # UTF-16 without its mark
        raise InputError(f"is not UTF-8 (byte {content.index(0) + 1})", where=where, hint="save it as CSV UTF-8")
    return content


def _heading(content: bytes) -> tuple[int, tuple[str, ...], str, str]:
    """Line, columns, what stands between them, and text of the heading: the first line that says anything.

    A line `sep=;` above it, by which Excel is told what stands between, is none.
    """
    lines = enumerate(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=None), 1)
    said = ((number, line) for number, line in lines if line.strip(" \t\n,;") and not _SEPARATOR.match(line))
    number, text = next(said, (1, ""))
    delimiter = next((mark for mark in "\t;" if mark in text), ",")
    names = next(csv.reader([text.strip()], delimiter=delimiter), [])
    return number, tuple(name.strip().lower() for name in names), delimiter, text.strip()


def _records(content: bytes, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """First and last line, and the cells, of every record; csv.Error, with line and reason, where it is no CSV."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    begun = 1
    try:
        for cells in reader:
            yield begun, reader.line_num, cells
            begun = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(begun, str(error)) from error


def _below(home: Home, folder: str, path: str) -> Wishes:
    """The request at that place below the folder of the table: whoever wrote the table names nothing outside."""
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise InputError(f"csr is {path[:80]!r}, which is no path below the folder of the table")
    try:
        return read_csr(home.files.read(posixpath.join(folder, path)), where=path)
    except HandclaspError as fault:
        fault.what = f"{path[:80]!r} {fault.what}"
        raise
