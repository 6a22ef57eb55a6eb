"""Text in terminal columns: a Chinese character takes two, and lines break between Chinese characters or at spaces."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

# No line ends with these,
_OPENING = "“‘（《「『"
# and no line begins with these: they belong to what stands before them.
_WIDE = r"\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef“”‘’…"
_PIECE = re.compile(rf"\s*(?:[{_WIDE}]|[^\s{_WIDE}]+)")
_CLOSING = "，。、；：！？）》」』”’…,.;:!?)]}"


def width(text: str) -> int:
    """How many terminal columns `text` takes."""
    return sum(_columns(character) for character in text)


def pad(text: str, columns: int) -> str:
    """`text` filled with spaces to that many columns."""
    return text + " " * max(0, columns - width(text))


def table(rows: Sequence[tuple[str, ...]], *, indent: str = "") -> Iterator[str]:
    """The rows as lines whose columns stand below each other; all rows have the same number of cells."""
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield (indent + "  ".join(pad(cell, columns) for cell, columns in zip(row, widths, strict=True))).rstrip()


def wrap(text: str, columns: int, *, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most `columns`, the first after the prefix `first`, the others after `rest`. A longer word stands alone."""
    lines, line = [], first
    empty = True
    for piece in _pieces(text):
        word = piece.lstrip() if empty else piece
        if not empty and width(line) + width(word.rstrip()) > columns:
            lines.append(line.rstrip())
            line, word = rest, word.lstrip()
        line, empty = line + word, False
    lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    """Runs that must not be broken: words with the space before them, or single wide characters with what closes them."""
    found: list[str] = []
    for piece in _PIECE.findall(text):
        if found and (piece[0] in _CLOSING or found[-1][-1] in _OPENING):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
