"""ports.Logs on this machine: files in parts, one for each processor; gzipped ones, pipes and standard input as they come."""

import codecs
import gzip
import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from io import BufferedIOBase, UnsupportedOperation
from itertools import chain, pairwise
from typing import BinaryIO, Self

from handclasp.adapters.byte_search import places
from handclasp.adapters.log_table import line_table
from handclasp.model.errors import InputError
from handclasp.ports.logs import LineTable, LogPart, Places

_BLOCK = 64 * 1024  # small enough to stay in the processor's cache while it is searched
_WORTH_A_PROCESS = 32 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PACKED = {b"\x28\xb5\x2f\xfd": "zstdcat", b"\xfd7zXZ": "xzcat", b"BZh": "bzcat"}
_MOST_TIMES = 500
"""Logs pack to a tenth or a fiftieth; what unpacks to more than this many times its size was made to fill memory and time."""
_UNPACKED_AT_LEAST = 256 * 1024 * 1024


class LogFiles:
    """The logs that this process may read.

    Args:
        processors: into how many parts a large file is cut; None: one for each processor.
        patience: seconds to wait until somebody writes to a named pipe.
    """

    def __init__(self, *, processors: int | None = None, patience: float = 10.0) -> None:
        self._processors = processors or len(os.sched_getaffinity(0))
        self._patience = patience

    def parts(self, paths: Sequence[str]) -> tuple[LogPart, ...]:
        """As ports.Logs.parts."""
        return tuple(part for path in paths for part in self._parts(path))

    def blocks(self, part: LogPart) -> Iterator[bytes]:
        """As ports.Logs.blocks."""
        try:
            if part.path == "-":
                yield from _narrow(_stream(sys.stdin.buffer))
                return
            with open(_descriptor(part.path), "rb", buffering=0) as raw:
                if part.end is not None:
                    yield from _between(raw.fileno(), part.start, part.end)
                elif stat.S_ISFIFO(os.fstat(raw.fileno()).st_mode):
                    self._await_writer(raw.fileno(), part.path)
                    yield from _narrow(_stream(raw))
                elif os.pread(raw.fileno(), 2, 0) in _UTF16:
                    yield from _narrow(_stream(raw))
                else:
                    yield from _narrow(_unpacked(raw, part.path))
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"cannot be read: {reason}", where=part.path, hint="give an error log, plain or gzipped"
            ) from error

    def places(self, words: Sequence[bytes]) -> Places:
        """As ports.Logs.places."""
        return places(words)

    def table(self) -> LineTable | None:
        """As ports.Logs.table."""
        return line_table()

    def _parts(self, path: str) -> Iterator[LogPart]:
        size = None if path == "-" else _plain_size(path)
        if size is None:
            yield LogPart(path)
            return
        count = max(1, min(self._processors, size // _WORTH_A_PROCESS))
        edges = [size * number // count for number in range(count + 1)]
        yield from (LogPart(path, start, end) for start, end in pairwise(edges))

    def _await_writer(self, descriptor: int, path: str) -> None:
        if not select.select([descriptor], [], [], self._patience)[0]:
            what = f"is a pipe, and nobody wrote to it in {self._patience:g} s"
            raise InputError(
                what, where=path, hint="start what writes to it first, or pipe it in: PROGRAM | handclasp doctor --log -"
            )
        os.set_blocking(descriptor, True)


def _descriptor(path: str) -> int:
    """An open file or pipe; not a device or a folder, and without waiting for anybody."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        return descriptor
    os.close(descriptor)
    raise InputError("is not a regular file", where=path, hint="give an error log; - reads standard input")


def _plain_size(path: str) -> int | None:
    """The size of a plain file; None for a pipe, and for what has to be unpacked or decoded."""
    try:
        if stat.S_ISFIFO(os.stat(path).st_mode):
            return None  # who writes to a pipe fails when somebody opens it for a look and closes it
        with open(_descriptor(path), "rb", buffering=0) as raw:
            found = os.fstat(raw.fileno())
            begin = raw.read(8)
    except OSError as error:
        hint = "check the path" if isinstance(error, FileNotFoundError) else "give an error log, plain or gzipped"
        raise InputError(f"cannot be read: {error.strerror}", where=path, hint=hint) from error
    for magic, program in _PACKED.items():
        if begin.startswith(magic):
            raise InputError("is packed", where=path, hint=f"unpack it on the way: {program} FILE | handclasp doctor --log -")
    return None if begin.startswith(_GZIP) or begin[:2] in _UTF16 else found.st_size


def _between(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """The lines that begin in between, in blocks of whole ones: the one that `start` cuts belongs to the part before."""
    at = start if start == 0 else _after_line(descriptor, start - 1)
    ended = True
    while at < end and (piece := os.pread(descriptor, min(_BLOCK, end - at), at)):
        cut = piece.rfind(b"\n") + 1
        ended = cut > 0
        yield piece[:cut] if cut else piece
        at += cut or len(piece)
    last = at if ended else _after_line(descriptor, at)
    while at < last and (piece := os.pread(descriptor, min(_BLOCK, last - at), at)):
        yield piece
        at += len(piece)


def _after_line(descriptor: int, at: int) -> int:
    """Where the line ends that this place is in."""
    while piece := os.pread(descriptor, _BLOCK // 4, at):
        cut = piece.find(b"\n") + 1
        at += cut or len(piece)
        if cut:
            break
    return at


def _stream(handle: BinaryIO) -> Iterator[bytes]:
    """What comes, as it comes, until its end or an interrupt."""
    read = handle.read1 if isinstance(handle, BufferedIOBase) else handle.read
    with _Interrupt() as interrupt:
        while interrupt.awaits(handle) and (piece := read(_BLOCK)):
            yield piece


class _Interrupt:
    """Ctrl-C while it is entered ends the wait for more, and takes nothing away that was read; the second one is as ever."""

    def __enter__(self) -> Self:
        self._noted, self._note = os.pipe()
        self._before = signal.getsignal(signal.SIGINT)
        if callable(self._before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if signal.getsignal(signal.SIGINT) == self._hear:
            signal.signal(signal.SIGINT, self._before)
        os.close(self._note)
        os.close(self._noted)

    def awaits(self, handle: BinaryIO) -> bool:
        """Wait until there is something to read, or its end; False when there was an interrupt."""
        try:
            descriptors, seconds = [self._noted, handle.fileno()], None
        except UnsupportedOperation:  # it is in memory: there is nothing to wait for
            descriptors, seconds = [self._noted], 0
        return self._noted not in select.select(descriptors, [], [], seconds)[0]

    def _hear(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)
        os.write(self._note, b"\0")


def _narrow(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16, as shells of Windows write it with its mark at the beginning, in UTF-8; anything else as it is."""
    begin = b""
    while len(begin) < 2 and (block := next(blocks, b"")):
        begin += block
    if begin[:2] not in _UTF16:
        yield from chain([begin], blocks)
        return
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    for block in chain([begin], blocks):
        yield decoder.decode(block).encode(errors="replace")


def _unpacked(raw: BinaryIO, path: str) -> Iterator[bytes]:
    made = 0
    with gzip.open(raw) as unpacked:
        while piece := unpacked.read(_BLOCK):
            made += len(piece)
            if made > _UNPACKED_AT_LEAST and made > _MOST_TIMES * raw.tell():
                raise InputError(f"unpacks to more than {_MOST_TIMES} times its size: this is no log", where=path)
            yield piece
