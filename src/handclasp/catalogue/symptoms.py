"""What people see and start from: one entry for each verification error and side, error page, log line, refusal to start, hole.

Entries of verification errors and pages are made of their tables; the others are `symptoms.toml`. Slugs are stable addresses.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from handclasp.catalogue import meanings, verify_errors
from handclasp.model.nginx import OpensslSeries
from handclasp.model.text import Text
from handclasp.model.verdict import Side


class SymptomKind(StrEnum):
    """What kind of thing is seen. HOLE: nothing is seen, and that is the trouble."""

    VERIFY = "verify-error"
    PAGE = "page"
    LINE = "line"
    START = "start"
    CLIENT = "client"
    HOLE = "hole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confused:
    """Another entry that looks alike, and what tells the two apart."""

    slug: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What `notes.toml` says of one entry."""

    usually: Text
    confused: tuple[Confused, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomEntry:
    """One entry. `title` is what is literally seen, or in a hole what happens; `says` what it means.

    `side` and `number` belong to a verification error, `page` is the title of an error page, `logs` are forms of lines as
    causes write them, `causes` the slugs behind a hole. `usually` is what it comes down to in practice, `confused` with what
    it is easily mixed up; both are written in `notes.toml`.
    """

    slug: str
    kind: SymptomKind
    title: Text
    says: Text
    side: Side | None = None
    number: int | None = None
    page: str | None = None
    logs: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    usually: Text | None = None
    confused: tuple[Confused, ...] = ()

    @property
    def names(self) -> tuple[verify_errors.VerifyErrorName, ...]:
        """What the number is called in each OpenSSL series; empty when the entry is about no number."""
        if self.number is None:
            return ()
        found = (verify_errors.by_number(series, self.number) for series in OpensslSeries)
        return tuple(row for row in found if row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    slug: str
    kind: SymptomKind
    says: Text
    title: Text | None = None
    logs: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


@cache
def entries() -> tuple[SymptomEntry, ...]:
    """All entries: verification errors of clients, then of upstreams, pages, lines, refusals, client output, holes."""
    return tuple(_noted(entry) for entry in (*_verify_errors(), *_pages(), *_written()))


@cache
def notes() -> dict[str, Note]:
    """What is written beside the entries, by their slugs."""
    return msgspec.convert(tomllib.loads((files(__package__) / "notes.toml").read_text("utf-8")), dict[str, Note])


def _noted(entry: SymptomEntry) -> SymptomEntry:
    note = notes().get(entry.slug)
    return replace(entry, usually=note.usually, confused=note.confused) if note else entry


def entry(slug: str) -> SymptomEntry | None:
    """The entry of that slug; None when there is none."""
    return _by_slug().get(slug)


def slug_of_error(side: Side, number: int) -> str:
    """The address of a verification error."""
    return f"{side.value}-error-{number}"


def slug_of_page(title: str) -> str:
    """The address of an error page."""
    return "page-" + re.sub(r"\W+", "-", title.lower()).strip("-")


@cache
def _by_slug() -> dict[str, SymptomEntry]:
    return {item.slug: item for item in entries()}


def _verify_errors() -> Iterator[SymptomEntry]:
    numbers = sorted({row.number for series in OpensslSeries for row in verify_errors.rows(series)})
    for side in (Side.CLIENT, Side.UPSTREAM):
        for number in numbers:
            row = next(row for series in reversed(OpensslSeries) if (row := verify_errors.by_number(series, number)))
            literal = f"{side.value} SSL certificate verify error: ({number}:{row.text})"
            yield SymptomEntry(
                slug=slug_of_error(side, number),
                kind=SymptomKind.VERIFY,
                title=Text(en=literal, zh=literal),
                says=_meanings(number),
                side=side,
                number=number,
            )


def _meanings(number: int) -> Text:
    """The meaning, or the meanings of both symbols where OpenSSL 3 gave the number away anew."""
    symbols: dict[str, list[OpensslSeries]] = {}
    for series in OpensslSeries:
        if row := verify_errors.by_number(series, number):
            symbols.setdefault(row.symbol, []).append(series)
    texts = [(series, text) for symbol, series in symbols.items() if (text := meanings.of_error(symbol))]
    if len(texts) == 1:
        return texts[0][1]
    return Text(
        en=" ".join(f"OpenSSL {', '.join(series)}: {text.en}" for series, text in texts),
        zh="".join(f"OpenSSL {'、'.join(series)}：{text.zh}" for series, text in texts),
    )


def _pages() -> Iterator[SymptomEntry]:
    for title, says in meanings.meanings().titles.items():
        literal = Text(en=title, zh=title)
        yield SymptomEntry(slug=slug_of_page(title), kind=SymptomKind.PAGE, title=literal, says=says, page=title)


def _written() -> Iterator[SymptomEntry]:
    data = tomllib.loads((files(__package__) / "symptoms.toml").read_text("utf-8"))
    for item in msgspec.convert(data["symptoms"], list[_Written]):
        literal = item.logs[0] if item.logs else item.slug
        yield SymptomEntry(
            slug=item.slug,
            kind=item.kind,
            title=item.title or Text(en=literal, zh=literal),
            says=item.says,
            logs=item.logs,
            causes=item.causes,
        )
