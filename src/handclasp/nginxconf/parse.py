"""Tokens to a tree. Errors are InputError in nginx's words, at the place nginx means."""

import re
from dataclasses import dataclass, field

from handclasp.catalogue.directives import is_block, is_simple
from handclasp.model.errors import InputError
from handclasp.nginxconf.lexer import TOKEN, Kind, lua_end, unescape
from handclasp.nginxconf.tree import Directive, Document, Source, decode, encode

MAX_DEPTH = 100
"""Deepest nesting of blocks that is read. nginx configurations stay below ten; the bound keeps every later walk safe."""

MAX_WORDS = 100_000
"""Most words of one directive that are read; the bound keeps hostile input from filling the memory."""

MAX_SIMPLE = 3_000_000
"""Most directives without a block, lines of tables included, of one file that are read: about a gigabyte of memory."""

_WORD, _END = int(Kind.WORD), int(Kind.END)  # compared for every word
_BUFFER = 4096
_LONG = _BUFFER // 4  # characters of UTF-8 have at most four bytes
_WITH_SERVERS = frozenset({"http", "stream", "mail"})
_LUA_SUFFIX = "_by_lua_block"
_COMMENT = re.compile(r"#[^\n]*")
_IN_QUOTES = 'a value with {, } or ; in it must be in quotes, or it ends there: location ~ "^/a{1,3}$" { ... }'


@dataclass(slots=True)
class _Open:
    """A block whose `}` has not been seen."""

    values: tuple[str, ...]
    start: int
    terminator: int
    children: list[Directive] = field(default_factory=list)


def parse(text: str, file: str = "nginx.conf", *, included: bool = False) -> Document:
    """Parse one file's text.

    Args:
        text: the file, decoded losslessly.
        file: its path, for places.
        included: it is included from somewhere, perhaps inside a map, where `http on;` is data and no directive.

    Raises:
        InputError: a syntax error, with file, line and column.
    """
    return _Parser(Source(file, text), included=included).run()


class _Parser:
    """The state of one parse: the directive being read, and the blocks around it."""

    def __init__(self, source: Source, *, included: bool) -> None:
        self.source = source
        self.included = included
        self.values: list[str] = []
        self.start = 0
        self.simple = 0
        self.top: list[Directive] = []
        self.children = self.top
        self.stack: list[_Open] = []
        self.impossible: tuple[str, int] | None = None

    def run(self) -> Document:
        text = self.source.text
        match = TOKEN.match
        position = 0
        values = self.values
        same: dict[str, str] = {}  # large configurations say the same many times
        while True:
            found = match(text, position)
            assert found is not None  # every part of the expression is optional
            kind = found.lastindex
            if kind is None:
                self._no_long_comment(position, len(text))
                break
            before = position
            start, position = found.span(kind)
            if start - before >= _LONG:
                self._no_long_comment(before, start)
            if position - start >= _LONG:
                self._not_too_long(start, position, kind)
            if kind == _END:
                position = self._terminator(found[kind], start)
                continue
            if not values:
                self.start = start
            elif len(values) >= MAX_WORDS:
                raise self._error(f"a directive has more than {MAX_WORDS} words", start, "is a semicolon missing?")
            if kind == _WORD:
                value = found[kind]
            elif kind == Kind.QUOTED:
                value = text[start + 1 : position - 1]
                self._after_quote(position)
            else:
                self._unfinished(start)
            values.append(same.setdefault(value, value) if "\\" not in value else unescape(value))
        self._end_of_file(len(text))
        return Document(self.source, tuple(self.top))

    def _terminator(self, mark: str, at: int) -> int:
        """Handle `;`, `{` or `}` at an offset; return where to read on."""
        if mark == "}":
            self._close(at)
        elif not self.values:
            hint = "remove it, or write the directive that belongs before it"
            raise self._error(f'unexpected "{mark}"', at, hint)
        elif mark == ";":
            self._simple(at)
        elif self.values[0].endswith(_LUA_SUFFIX):
            return self._lua(at)
        else:
            self._open(at)
        return at + 1

    def _simple(self, at: int) -> None:
        name = self.values[0]
        if self._lacks_block(name):
            raise self._error(f'directive "{name}" has no opening "{{"', at, f"write a block after it: {name} ... {{ ... }}")
        if not name.isidentifier():
            self._suspect(name)
        self.simple += 1
        if self.simple > MAX_SIMPLE:
            raise self._error(f"the file has more than {MAX_SIMPLE:,} directives", at, "is it a configuration of nginx?")
        self.children.append(Directive(self.source, tuple(self.values), self.start, at, at))
        self.values.clear()

    def _suspect(self, name: str) -> None:
        """Note the first name that no module can have: should the file turn out to be broken, nginx stopped there already."""
        if self.impossible is None and not self._free_names() and not (self.included and not self.stack):
            self.impossible = name, self.start

    def _lacks_block(self, name: str) -> bool:
        """A simple directive here that would have to be a block. `server` is one everywhere but in upstream{}."""
        if self._free_names() or (self.included and not self.stack):
            return False
        return is_block(name) or (name == "server" and bool(self.stack) and self.stack[-1].values[0] in _WITH_SERVERS)

    def _open(self, at: int) -> None:
        name = self.values[0]
        if self._free_names():
            around = self.stack[-1].values[0]
            raise self._error(
                'unexpected "{"', at, f"the lines of a {around} block have no blocks of their own: end them with ;"
            )
        if is_simple(name) and not (self.included and not self.stack):
            line = self.source.line(self.start)
            raise self._error(
                f'directive "{name}" is not terminated by ";"', at, f'put ";" at the end of the {name} line (line {line})'
            )
        if len(self.stack) >= MAX_DEPTH:
            what = f"blocks are nested more than {MAX_DEPTH} deep"
            raise self._error(what, at, "no working nginx configuration is; is this one?")
        if not name.isidentifier():
            self._suspect(name)
        opened = _Open(tuple(self.values), self.start, at)
        self.stack.append(opened)
        self.children = opened.children
        self.values.clear()

    def _close(self, at: int) -> None:
        if self.values:
            name = self.values[0]
            raise self._error('unexpected "}"', at, f'put ";" at the end of the {name} directive before it')
        if not self.stack:
            raise self._error('unexpected "}"', at, "every block is closed already: remove this brace, or one before it")
        opened = self.stack.pop()
        self.children = self.stack[-1].children if self.stack else self.top
        block = Directive(self.source, opened.values, opened.start, opened.terminator, at, tuple(opened.children))
        self.children.append(block)

    def _lua(self, at: int) -> int:
        end = lua_end(self.source.text, at + 1)
        if end < 0:
            what = 'unexpected end of file, expecting "}"'
            raise self._error(what, at, f"the Lua block opened here ({self.values[0]}) is not closed")
        body = self.source.text[at + 1 : end]
        self.children.append(Directive(self.source, tuple(self.values), self.start, at, end, None, body))
        self.values.clear()
        return end + 1

    def _free_names(self) -> bool:
        """Inside map, types and the like the first word is data, not a directive's name."""
        return bool(self.stack) and not holds_directives(self.stack[-1].values[0])

    def _after_quote(self, at: int) -> None:
        following = self.source.text[at : at + 1]
        if following and following not in " \t\r\n;{)":
            hint = "put a space after the closing quote, or escape the quote before it with a backslash"
            raise self._error(f'unexpected "{following}"', at, hint)

    def _unfinished(self, at: int) -> None:
        mark, end = self.source.text[at], len(self.source.text)
        self._not_too_long(at, end, Kind.UNFINISHED)
        line = self.source.line(at)
        hint = f"the {mark} opened on line {line} is never closed"
        if mark == "\\":
            hint = "a backslash is the last character of the file"
        raise self._error('unexpected end of file, expecting ";" or "}"', end, hint)

    def _no_long_comment(self, start: int, end: int) -> None:
        """Refuse a comment that overflows what nginx reads into: it is read like a word."""
        for line in _COMMENT.finditer(self.source.text, start, end):
            self._not_too_long(line.start(), line.end(), Kind.WORD)

    def _not_too_long(self, start: int, end: int, kind: int) -> None:
        """Refuse what overflows the 4096 bytes that nginx reads into: a word must fit into with the character after it."""
        text = self.source.text
        if len(encode(text[start : min(end, start + _BUFFER)])) < _BUFFER:
            return
        mark = text[start]
        if kind == Kind.WORD or mark == "\\":
            begun = decode(encode(text[start : start + 10])[:10])
            what = f'too long parameter "{begun}..." started'
            raise self._error(what, start, "no single word may be longer than 4095 bytes: move it to a file, or split it")
        what = f'too long parameter, probably missing terminating "{mark}" character'
        raise self._error(what, start, f"close the {mark} that is opened here")

    def _end_of_file(self, at: int) -> None:
        if self.values:
            hint = f'put ";" at the end of the {self.values[0]} directive'
            raise self._error('unexpected end of file, expecting ";" or "}"', at, hint)
        if self.stack:
            opened = self.stack[-1]
            where = self.source.origin(opened.start)
            hint = f"the {opened.values[0]} block opened on line {where.line} is not closed"
            raise self._error('unexpected end of file, expecting "}"', at, hint)

    def _error(self, what: str, at: int, hint: str) -> InputError:
        if self.impossible is not None:
            name, at = self.impossible
            what, hint = f'unknown directive "{name}"', _IN_QUOTES
        return InputError(what, where=self.source.origin(at), hint=hint)


def holds_directives(name: str) -> bool:
    """Whether the lines of a block are directives, not data."""
    return name not in {"map", "geo", "types", "split_clients", "charset_map", "match"}
