"""Text to tokens, by nginx's own rules (ngx_conf_read_token), with every character accounted for.

What is easy to get wrong, and is right here because nginx's reader was followed branch by branch:

- only space, tab, CR and LF separate words; a form feed or a byte order mark is part of a word;
- `#`, quotes and `}` are special only where a word could begin: `a#b`, `x"y` and `a}` are single words;
- `{` right after `$` belongs to the word (`${name}`), any other `{` ends it, also inside an unquoted regular expression;
- a backslash keeps the next character from ending the word or the quotes; only backslash before a quote or a backslash, and
  before t, r and n, disappears from the value;
- after a closing quote must come a space, `;`, `{` or `)`.
"""

import re
from collections.abc import Iterator
from enum import IntEnum


class Kind(IntEnum):
    """What a token is; the numbers are the groups of TOKEN."""

    WORD = 1
    END = 2
    QUOTED = 3
    UNFINISHED = 4


_WORDS = frozenset({Kind.WORD, Kind.QUOTED})

# Possessive repeats (++, *+) keep the match linear and without backtracking on hostile input.
TOKEN = re.compile(
    r"""(?:[ \t\r\n]++|\#[^\n]*+)*+   # what stands between tokens: space and comments
    (?:
      ((?:[^ \t\r\n;{}\\$"'\#]|\\.|\$\{*+) (?:[^ \t\r\n;{\\$]++|\\.|\$\{*+)*+)
    | ([;{}])
    | ("(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')
    | (["'\\])
    )?""",
    re.VERBOSE | re.DOTALL,
)

_ESCAPE = re.compile(r"""\\(["'\\trn])""")
_MEANING = {"t": "\t", "r": "\r", "n": "\n"}

_LUA = re.compile(
    r"""--\[(?P<comment>=*)\[ | --[^\n]*+ | \[(?P<long>=*)\[ | "(?:[^"\\]++|\\.)*+" | '(?:[^'\\]++|\\.)*+' | (?P<brace>[{}])""",
    re.VERBOSE | re.DOTALL,
)


def unescape(raw: str) -> str:
    """The value of a word without its quotes: what nginx makes of backslashes."""
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda found: _MEANING.get(found[1], found[1]), raw)


def words(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The words from an offset on, up to a `;`, `{` or `}`: value, start and end of each."""
    position = start
    while (found := TOKEN.match(text, position)) and (kind := found.lastindex) in _WORDS:
        begin, position = found.span(kind)
        raw = text[begin + 1 : position - 1] if kind == Kind.QUOTED else found[kind]
        yield unescape(raw), begin, position


def lua_end(text: str, start: int) -> int:
    """Where the `}` stands that closes a Lua block whose body begins at `start`; -1 when there is none.

    Braces in Lua strings, long brackets and comments do not count.
    """
    depth = 1
    position = start
    while found := _LUA.search(text, position):
        position = found.end()
        equals = found["comment"] if found["comment"] is not None else found["long"]
        if equals is not None:
            closing = text.find(f"]{equals}]", position)
            if closing < 0:
                return -1
            position = closing + len(equals) + 2
        elif found["brace"]:
            depth += 1 if found["brace"] == "{" else -1
            if depth == 0:
                return found.start()
    return -1
