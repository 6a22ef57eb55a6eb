"""TOML files of people: what is wrong in one, and where a key stands, which the standard library's reader does not tell."""

import re
import tomllib
from typing import Any

from handclasp.model.errors import InputError
from handclasp.model.origin import Origin

_SKIPPED = re.compile(
    r'''"""(?:\\.|[^\\])*?""" | \'\'\'.*?\'\'\' | "(?:\\.|[^"\\\n])*" | '[^'\n]*' | \#[^\n]*''', re.VERBOSE | re.DOTALL
)
_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*=")
_LAST = re.compile(r"\[\d+\]$|\.?[^.\[\]]*$")
_PART = re.compile(_KEY)


def place_of(text: str, key: str, value: str | None = None) -> tuple[int, int]:
    """Line and column, from 1, of a key such as `site[1].upstream.url`; of `value` after it if that can be found.

    Falls back to the nearest table around it, and to 1, 1 for what is nowhere in the file.
    """
    places = _places(text)
    wanted = key.lstrip(".")
    while wanted and wanted not in places and f"{wanted}[0]" not in places:
        wanted = _LAST.sub("", wanted)
    offset = places.get(wanted, places.get(f"{wanted}[0]", 0))
    if value is not None:
        spelled = (text.find(quote + value + quote, offset) for quote in ('"', "'", ""))
        offset = next((found for found in spelled if found >= 0), offset)
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def toml_table(text: str, *, where: str, hint: str | None = None) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        InputError: it is none; `where` has line and column, as far as the standard library's reader tells them.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, line, column = _told(str(error), text)
        raise InputError(f"is not TOML: {what}", where=Origin(where, line, column), hint=hint) from error
    except RecursionError as error:
        raise InputError("is not TOML that can be read: nested too deep", where=where, hint=hint) from error
    except ValueError as error:  # the interpreter refuses numbers of thousands of digits
        raise InputError("is not TOML that can be read: a number is too long", where=where, hint=hint) from error


def _told(message: str, text: str) -> tuple[str, int, int]:
    """What the standard library's reader says, and line and column of it; the end of the text where it names none."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if found:
        return found[1], int(found[2]), int(found[3])
    lines = text.split("\n")
    return message.removesuffix(" (at end of document)"), len(lines), len(lines[-1]) + 1


def _places(text: str) -> dict[str, int]:
    """Offset of every key and table by path; elements of arrays of tables are numbered."""
    # Strings and comments are blanked out, so that what looks like a key in them is none; offsets stay.
    plain = _SKIPPED.sub(_blanked, text)
    places: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, position = "", 0
    for line in plain.split("\n"):
        if header := _HEADER.match(line):
            table = _numbered(_joined(text, header, position), counts, is_array=header[1] == "[[")
            places.setdefault(table, position + header.start(2))
        elif assignment := _ASSIGNMENT.match(line):
            path = ".".join(part for part in (table, _joined(text, assignment, position)) if part)
            places.setdefault(path, position + assignment.start(len(assignment.groups())))
        position += len(line) + 1
    return places


def _blanked(found: re.Match[str]) -> str:
    piece = found[0]
    if piece[0] in "\"'" and "\n" not in piece and not piece.startswith(('"""', "'''")):
        return piece[0] + "_" * (len(piece) - 2) + piece[-1]  # may be a quoted key: it stays one word
    return re.sub(r"[^\n]", " ", piece)


def _joined(text: str, found: re.Match[str], position: int) -> str:
    group = len(found.groups())
    raw = text[position + found.start(group) : position + found.end(group)]
    return ".".join(part.strip("\"'") for part in _PART.findall(raw))


def _numbered(path: str, counts: dict[str, int], *, is_array: bool) -> str:
    """`site.path` under the second [[site]] is `site[1].path`, and its first [[site.path]] `site[1].path[0]`."""
    numbered = ""
    *outer, last = path.split(".")
    for part in outer:
        numbered += part
        numbered += f"[{counts[numbered]}]." if numbered in counts else "."
    numbered += last
    if is_array:
        counts[numbered] = counts.get(numbered, -1) + 1
        return f"{numbered}[{counts[numbered]}]"
    return numbered
