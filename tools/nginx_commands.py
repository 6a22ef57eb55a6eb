"""Read out of an nginx binary, or one of its modules, what it was compiled with: its directives and the names it knows.

A directive is an ngx_command_t in the array of an ngx_module_t: where it may stand and with how many arguments is in its
`type`, and nginx itself looks at nothing else. For files of 64 bits, little-endian.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_KINDS = {b"CORE": "core", b"CONF": "any", b"EVNT": "events", b"HTTP": "http", b"STRM": "stream", b"MAIL": "mail"}
"""The `type` of a module, as it stands in the file."""

_CONTEXTS = (
    ("main", "core", 0x01000000), ("events", "events", 0x02000000), ("http", "http", 0x02000000),
    ("server", "http", 0x04000000), ("location", "http", 0x08000000), ("upstream", "http", 0x10000000),
    ("server if", "http", 0x20000000), ("location if", "http", 0x40000000), ("limit_except", "http", 0x80000000),
    ("stream", "stream", 0x02000000), ("stream server", "stream", 0x04000000), ("stream upstream", "stream", 0x08000000),
    ("mail", "mail", 0x02000000), ("mail server", "mail", 0x04000000),
)  # fmt: skip
"""Each context with the kind of module whose directives may stand there, and their bit."""

_BLOCK, _FLAG, _ANY, _ONE_OR_MORE, _TWO_OR_MORE = 0x100, 0x200, 0x400, 0x800, 0x1000
_MOST = 9
_COMMAND = 56  # name (length and place), type, set, conf, offset, post
_RELATIVE, _BY_SYMBOL = {8, 1027}, {1, 6, 257, 1025}
"""Kinds of relocations, of x86-64 and of aarch64."""
_SYMTAB, _RELA, _RELASZ = 6, 7, 8
_WORD = re.compile(rb"[a-z][a-z0-9_]{0,60}\0")


@dataclass(frozen=True, slots=True)
class Row:
    """A directive in a context."""

    name: str
    context: str
    arguments: frozenset[int]
    block: bool


class Image:
    """A program or shared object as it lies in memory."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()

    @cached_property
    def _headers(self) -> list[tuple[int, ...]]:
        (start,) = struct.unpack_from("<Q", self._data, 32)
        size, count = struct.unpack_from("<HH", self._data, 54)
        return [struct.unpack_from("<IIQQQQQQ", self._data, start + n * size) for n in range(count)]

    @cached_property
    def _loads(self) -> list[tuple[int, int, int, bool]]:
        """Address, offset and length of what is loaded, and whether it is data."""
        return [
            (at, offset, length, bool(flags & 2)) for kind, flags, offset, at, _, length, _, _ in self._headers if kind == 1
        ]

    @cached_property
    def _pointers(self) -> dict[int, int]:
        """What the dynamic linker would write, by address; a file linked with RELR holds the others in place."""
        start, length = next((offset, length) for kind, _, offset, _, _, length, _, _ in self._headers if kind == 2)
        tags = dict(struct.unpack_from("<QQ", self._data, start + 16 * n) for n in range(length // 16))
        found = {}
        relocations, symbols = self._offset(tags.get(_RELA, 0)) or 0, self._offset(tags[_SYMTAB]) or 0
        for n in range(tags.get(_RELASZ, 0) // 24):
            at, info, addend = struct.unpack_from("<QQq", self._data, relocations + 24 * n)
            kind = info & 0xFFFFFFFF
            if kind in _RELATIVE:
                found[at] = addend
            elif kind in _BY_SYMBOL:
                (value,) = struct.unpack_from("<Q", self._data, symbols + 24 * (info >> 32) + 8)
                found[at] = value + addend
        return found

    def _offset(self, address: int) -> int | None:
        return next((offset + address - at for at, offset, length, _ in self._loads if at <= address < at + length), None)

    def word(self, address: int) -> int:
        """The eight bytes at an address, as they are when the program runs; 0 outside of it."""
        if address in self._pointers:
            return self._pointers[address]
        offset = self._offset(address)
        return 0 if offset is None else int(struct.unpack_from("<Q", self._data, offset)[0])

    def text(self, address: int, length: int) -> bytes:
        """So many bytes from there; fewer where the file ends."""
        offset = self._offset(address)
        return b"" if offset is None else self._data[offset : offset + length]

    def places(self) -> Iterator[int]:
        """The address of every word of data."""
        for at, _, length, data in self._loads:
            yield from range(at + (-at) % 8, at + length - 15, 8) if data else ()

    def names(self) -> Iterator[str]:
        """Every ngx_str_t of the data that could be the name of a directive or of a variable."""
        for at in self.places():
            length = self.word(at)
            text = self.text(self.word(at + 8), length + 1) if 0 < length <= 60 else b""
            if len(text) == length + 1 and _WORD.fullmatch(text):
                yield text[:-1].decode()

    def rows(self) -> Iterator[Row]:
        """Every directive in every context that it may stand in."""
        for at in self.places():
            kind = _KINDS.get(self.text(at, 8)[:4]) if self.text(at, 8)[4:] == bytes(4) else None
            command = self.word(at - 8) if kind else 0
            while command and 0 < (length := self.word(command)) <= 60:
                name, mask = self.text(self.word(command + 8), length).decode("ascii", "replace"), self.word(command + 16)
                taken = frozenset(n for n in range(_MOST) if _takes(mask, n))
                for context, of, bit in _CONTEXTS:
                    if mask & bit and kind in {of, "any"}:
                        yield Row(name, context, taken, bool(mask & _BLOCK))
                command += _COMMAND


def _takes(mask: int, count: int) -> bool:
    """As ngx_conf_handler has it."""
    if mask & _ANY:
        return True
    if mask & _FLAG:
        return count == 1
    if mask & (_ONE_OR_MORE | _TWO_OR_MORE):
        return count >= (1 if mask & _ONE_OR_MORE else 2)
    return count < _MOST - 1 and bool(mask & (1 << count))
