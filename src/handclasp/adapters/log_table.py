"""ports.logs.LineTable in C, where the package was built with a compiler at hand (hatch_build.py); elsewhere there is none.

A line costs a quarter of a microsecond, most of it waiting for a client's count to come from memory. There is a bound to the
memory: a table that is full is emptied by its user.
"""

import ctypes
import hashlib
import mmap
import os
from pathlib import Path

from handclasp.ports.logs import Counted, LineTable, Notice

SOURCE = Path(__file__).with_name("log_table.c")
LIBRARY = Path(__file__).with_name("liblog_table.so")
MOST_ENTRIES = 1 << 17
MOST_KEY_BYTES = 16 * 1024 * 1024
_MOST_MESSAGES = 1 << 14
_MOST_NOTICES = 1 << 12
_ENTRY, _NAME = 64, 60
"""Bytes of an entry in the table, and most bytes that a name has in an entry, with a line feed."""


class _Notice(ctypes.Structure):
    _fields_ = (
        ("begin", ctypes.c_uint32), ("length", ctypes.c_uint32), ("message", ctypes.c_uint32), ("clients", ctypes.c_uint32),
    )  # fmt: skip


class _Message(ctypes.Structure):
    _fields_ = (("last", ctypes.c_uint64), ("count", ctypes.c_uint32), ("time", ctypes.c_char * 20))


class _Table(ctypes.Structure):
    _fields_ = (
        ("seed", ctypes.c_uint64), ("entries", ctypes.c_void_p), ("order", ctypes.c_void_p), ("messages", ctypes.c_void_p),
        ("keys", ctypes.c_void_p), ("slots", ctypes.c_uint32), ("most_entries", ctypes.c_uint32),
        ("most_messages", ctypes.c_uint32), ("most_key_bytes", ctypes.c_uint32), ("clients_used", ctypes.c_uint32),
        ("messages_used", ctypes.c_uint32), ("key_bytes", ctypes.c_uint32),
    )  # fmt: skip


def line_table(library: Path = LIBRARY) -> LineTable | None:
    """An empty table; None where the library was not built, or from another source than the one beside it."""
    try:
        built = ctypes.CDLL(str(library))
        source = (ctypes.c_char * 65).in_dll(built, "handclasp_source").value
    except (OSError, ValueError):
        return None
    return _LineTable(built) if source == digest(SOURCE.read_bytes()).encode() else None


def digest(source: bytes) -> str:
    """What a library says of the source it was built from."""
    return hashlib.sha256(source).hexdigest()


class _LineTable:
    """The calls, and the memory they work on."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._notices = (_Notice * _MOST_NOTICES)()
        self._noticed = ctypes.c_uint32()
        self._empty()

    def count(self, text: bytes, place: int) -> tuple[int, list[Notice]]:
        """As ports.LineTable.count."""
        reached: int = self._library.handclasp_count(
            ctypes.byref(self._table), text, ctypes.c_uint32(len(text)), ctypes.c_uint64(place),
            self._notices, ctypes.c_uint32(_MOST_NOTICES), ctypes.byref(self._noticed),
        )  # fmt: skip
        unusual = 2**32 - 1
        return reached, [
            Notice(at.begin, at.begin + at.length, None if at.message == unusual else at.message, at.clients)
            for at in self._notices[: self._noticed.value]
        ]

    def take(self) -> Counted:
        """As ports.LineTable.take."""
        count = self._table.clients_used
        owners, counts = (ctypes.c_uint32 * count)(), (ctypes.c_uint32 * count)()
        names = _memory(self._table.key_bytes + _NAME * count + 1)
        size = self._library.handclasp_clients(ctypes.byref(self._table), owners, counts, names)
        lasts = [(said.last, said.time) for said in self._messages[: self._table.messages_used]]
        clients = zip(owners, names.raw[:size].split(b"\n"), counts, strict=False)
        self._empty()
        return Counted(lasts, clients)

    def _empty(self) -> None:
        """Memory that nobody wrote to yet: what is never used of it costs nothing."""
        slots = 2 * MOST_ENTRIES
        self._entries, self._order = _memory(slots * _ENTRY), _memory(MOST_ENTRIES * 4)
        self._messages, self._keys = (_Message * _MOST_MESSAGES)(), _memory(MOST_KEY_BYTES)
        self._table = _Table(
            seed=int.from_bytes(os.urandom(8), "little"),  # so that nobody can write a log whose keys all meet in one slot
            entries=ctypes.addressof(self._entries),
            order=ctypes.addressof(self._order),
            messages=ctypes.addressof(self._messages),
            keys=ctypes.addressof(self._keys),
            slots=slots,
            most_entries=MOST_ENTRIES,
            most_messages=_MOST_MESSAGES,
            most_key_bytes=MOST_KEY_BYTES,
        )


def _memory(size: int) -> "ctypes.Array[ctypes.c_char]":
    return (ctypes.c_char * size).from_buffer(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
