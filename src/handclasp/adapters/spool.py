"""Octets that are collected in a file which nobody else sees: it has no name, and is gone when its process is."""

import os
import tempfile

from handclasp.adapters.world_error import world_error
from handclasp.model.octets import PART, Held


class DiskSpool:
    """model.octets.Spool: in memory while it is short, then in a temporary file. WorldError when that cannot be written."""

    def __init__(self) -> None:
        self._held = Held()
        self._size = 0
        self._file: int | None = None

    def __len__(self) -> int:
        return self._size

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def append(self, some: bytes) -> None:
        """Put these behind the others."""
        self._size += len(some)
        if self._file is None:
            self._held.append(some)
            if self._size <= PART:
                return
            some, self._held = self._held.read(0, self._size), Held()
        try:
            if self._file is None:
                self._file = _nameless()
            _write(self._file, some)
        except OSError as error:
            raise world_error(tempfile.gettempdir(), "a temporary file cannot be written", error) from error

    def read(self, start: int, stop: int) -> bytes:
        """Those from `start` up to `stop`, fewer at the end."""
        if self._file is None:
            return self._held.read(start, stop)
        return read_at(self._file, start, min(stop, self._size))


class FileOctets:
    """model.octets.Octets of an open file, which is closed when nobody asks it any more. WorldError when its disk fails."""

    def __init__(self, descriptor: int, size: int, path: str) -> None:
        self._file = descriptor
        self._size = size
        self._path = path

    def __len__(self) -> int:
        return self._size

    def __del__(self) -> None:
        os.close(self._file)

    def read(self, start: int, stop: int) -> bytes:
        """Those from `start` up to `stop`, fewer at the end."""
        try:
            return read_at(self._file, start, min(stop, self._size))
        except OSError as error:
            raise world_error(self._path, "cannot be read", error) from error


def read_at(descriptor: int, start: int, stop: int) -> bytes:
    """Octets of a file; fewer when it ends before."""
    found = os.pread(descriptor, max(0, stop - start), start)
    while len(found) < stop - start and (more := os.pread(descriptor, stop - start - len(found), start + len(found))):
        found += more
    return found


def _nameless() -> int:
    descriptor, path = tempfile.mkstemp(prefix="handclasp-")
    os.unlink(path)
    return descriptor


def _write(descriptor: int, some: bytes) -> None:
    rest = memoryview(some)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
