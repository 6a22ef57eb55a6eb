"""Octets that need not be in memory: a CRL of a million revocations is read and written a part at a time."""

from collections.abc import Iterator
from typing import Protocol

PART = 1 << 18
"""So many octets are handled at a time."""


class Octets(Protocol):
    """A row of octets that does not change while it is read."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def read(self, start: int, stop: int) -> bytes:
        """Those from `start` up to `stop`, fewer at the end."""
        ...


class Spool(Octets, Protocol):
    """Octets that are collected: nobody else sees them, and they are gone when they are let go."""

    def append(self, some: bytes) -> None:
        """Put these behind the others."""
        ...


class Held:
    """Octets in memory."""

    def __init__(self, content: bytes = b"") -> None:
        self._content: bytes | bytearray = content

    def __len__(self) -> int:
        return len(self._content)

    def read(self, start: int, stop: int) -> bytes:
        """These."""
        return bytes(self._content[start:stop])

    def append(self, some: bytes) -> None:
        """Put these behind the others."""
        if isinstance(self._content, bytes):
            self._content = bytearray(self._content)
        self._content += some


class Joined:
    """Several rows of octets as one."""

    def __init__(self, *rows: Octets) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return sum(map(len, self._rows))

    def read(self, start: int, stop: int) -> bytes:
        """Those from `start` up to `stop`, from as many rows as it takes."""
        found = []
        for row in self._rows:
            if start < len(row) and stop > 0:
                found.append(row.read(max(start, 0), min(stop, len(row))))
            start, stop = start - len(row), stop - len(row)
        return b"".join(found)


def parts(octets: Octets, start: int = 0, stop: int | None = None, *, size: int = PART) -> Iterator[bytes]:
    """Octets from `start` up to `stop`, or all of them, `size` at a time."""
    end = len(octets) if stop is None else stop
    for place in range(start, end, size):
        yield octets.read(place, min(place + size, end))


def whole(octets: Octets) -> bytes:
    """All of them, in memory."""
    return octets.read(0, len(octets))
