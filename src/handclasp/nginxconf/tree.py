"""The tree of a configuration. Every word knows its place; the text itself is kept whole, so nothing can be lost."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from handclasp.model.origin import Origin
from handclasp.nginxconf.lexer import words


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file's text. `text` is the file decoded losslessly (see `decode`)."""

    file: str
    text: str
    _lines: list[int] = field(default_factory=list, repr=False)

    def origin(self, offset: int) -> Origin:
        """Line and column, in characters from 1, of an offset into `text`."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Origin(self.file, line, offset - starts[line - 1] + 1)

    def offset(self, origin: Origin) -> int:
        """The offset that `origin` names; the inverse of `origin()`."""
        return self._line_starts()[origin.line - 1] + origin.column - 1

    def line(self, offset: int) -> int:
        """The line number, from 1, of an offset."""
        return bisect_right(self._line_starts(), offset)

    def _line_starts(self) -> list[int]:
        # Computed at the first question and kept: most configurations are parsed and never asked.
        if not self._lines:
            found = [0]
            position = self.text.find("\n")
            while position >= 0:
                found.append(position + 1)
                position = self.text.find("\n", position + 1)
            self._lines.extend(found)
        return self._lines


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its value after unquoting, and the span of its raw form in the text."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Directive:
    """A directive with its arguments, and its block if it has one.

    `values` are its name and its arguments after unquoting, `start` is the offset of its name, `terminator` that of its `;` or
    `{`, `close` that of the `}` (of the `;` when there is no block). `children` is None for a directive without a block; `body`
    is the text of a Lua block, which has no children.
    """

    source: Source
    values: tuple[str, ...]
    start: int
    terminator: int
    close: int
    children: "tuple[Directive, ...] | None" = None
    body: str | None = None

    @property
    def name(self) -> str:
        """The directive's name."""
        return self.values[0]

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments after unquoting."""
        return self.values[1:]

    @property
    def words(self) -> tuple[Word, ...]:
        """Name and arguments with their places.

        Read from the text again: few directives are ever asked, and places of all would take most of the memory of a tree.
        """
        return tuple(Word(value, start, end) for value, start, end in words(self.source.text, self.start))

    @property
    def origin(self) -> Origin:
        """Where the name stands."""
        return self.source.origin(self.start)

    def origin_of(self, argument: int) -> Origin:
        """Where an argument (from 0) stands."""
        return self.source.origin(self.words[argument + 1].start)

    @property
    def reported_line(self) -> int:
        """The line nginx names in messages about this directive: that of its `;` or `{`."""
        return self.source.line(self.terminator)

    @property
    def block(self) -> "tuple[Directive, ...]":
        """The directives inside, () when there is no block."""
        return self.children or ()

    def __repr__(self) -> str:
        return f"<{' '.join(self.values)!r} at {self.origin}>"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Document:
    """One parsed file; include directives stand as they are."""

    source: Source
    directives: tuple[Directive, ...]


AROUND = " around "
"""In the name of a main file that stands for one that was not given: "nginx.conf around site.conf"."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfigTree:
    """A whole configuration: includes replaced by what they include, each directive still knowing its own file.

    `root` is the main file, `conf_dir` its folder: the base of relative includes, certificates and keys (nginx's
    conf prefix). `prefix` is the base of relative log and pid paths. `sources` has every file that was read, main file first.
    """

    root: str
    prefix: str
    directives: tuple[Directive, ...]
    sources: Mapping[str, Source]

    @property
    def part(self) -> bool:
        """Whether the main file was put around a file of http{}, because it was not given: what else it holds is not known."""
        return AROUND in self.root.rpartition("/")[2]

    @property
    def conf_dir(self) -> str:
        """The folder of the main file."""
        return self.root.rpartition("/")[0]

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that was read, main file first."""
        return tuple(self.sources)


def render(document: Document) -> str:
    """The text of a parsed file, character for character."""
    return document.source.text


def walk(directives: tuple[Directive, ...]) -> Iterator[tuple[Directive, tuple[Directive, ...]]]:
    """Every directive in file order with the blocks around it, outermost first."""
    stack: list[tuple[Directive, tuple[Directive, ...]]] = [(item, ()) for item in reversed(directives)]
    while stack:
        item, parents = stack.pop()
        yield item, parents
        if item.children:
            inner = (*parents, item)
            stack.extend((child, inner) for child in reversed(item.children))


@lru_cache(maxsize=4)  # many questions are asked about all of http{}
def inside(block: Directive) -> tuple[Directive, ...]:
    """Every directive in a block and in the blocks of that, in file order."""
    return tuple(item for item, _ in walk(block.block))


def named(directives: tuple[Directive, ...], *names: str) -> tuple[Directive, ...]:
    """Those directly in this block that have one of the names."""
    return tuple(item for item in directives if item.values[0] in names)


def decode(content: bytes) -> str:
    """File bytes to text without loss: UTF-8, other bytes as surrogates, line ends and byte order mark untouched."""
    return content.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Text from `decode` back to the same bytes."""
    return text.encode("utf-8", "surrogateescape")
