"""What people see and start from: one entry for each verification error and side, error page, log line, refusal to start, hole.

Entries of verification errors and pages are made of their tables; the others are `symptoms.toml`, and `client_words.toml` for
what other programs say. Slugs are stable addresses.
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
    causes write them, `said` words of programs other than nginx, `causes` the slugs behind a hole or behind such words, in
    the order to look. `usually` is what it comes down to in practice, `confused` with what
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
    said: tuple[str, ...] = ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """An entry of `client_words.toml`; without `says` it adds words to one of `symptoms.toml`."""

    slug: str
    said: tuple[str, ...]
    says: Text | None = None
    title: Text | None = None
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


def said_in(text: str) -> SymptomEntry | None:
    """The entry for the words of another program that stand in a text; the longest words win, None when there are none."""
    folded = " ".join(text.lower().replace("’", "'").split())
    found = [(len(words), entry) for entry in entries() for words in entry.said if _stands_in(words.lower(), folded)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _stands_in(words: str, text: str) -> bool:
    """Whether they stand there by themselves: -9829 is no part of a longer number, an alert no part of another's name."""
    after = "" if words.endswith((":", "=")) else "(?![a-z0-9_])"
    return words in text and re.search(rf"(?<![a-z0-9]){re.escape(words)}{after}", text) is not None


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
    words = tomllib.loads((files(__package__) / "client_words.toml").read_text("utf-8"))
    others = {item.slug: item for item in msgspec.convert(words["symptoms"], list[_Said])}
    for item in msgspec.convert(data["symptoms"], list[_Written]):
        literal = item.logs[0] if item.logs else item.slug
        yield SymptomEntry(
            slug=item.slug,
            kind=item.kind,
            title=item.title or Text(en=literal, zh=literal),
            says=item.says,
            logs=item.logs,
            said=others.pop(item.slug).said if item.slug in others else (),
            causes=item.causes,
        )
    for slug, other in others.items():
        if other.says and other.title:
            yield SymptomEntry(
                slug=slug, kind=SymptomKind.CLIENT, title=other.title, says=other.says, said=other.said, causes=other.causes
            )
