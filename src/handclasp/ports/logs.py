"""Logs, however large, as blocks of bytes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

Places = Callable[[bytes], Iterable[int]]
"""Where certain words stand in a block, in order. Of places that overlap one is enough."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a log: the lines that begin from `start` on and before `end`. `end` None: to its end, read once, in order."""

    path: str
    start: int = 0
    end: int | None = None


class Notice(NamedTuple):
    """A line that a table's user has to read: between these places of a block.

    `message`: the number of the message that is met here for the first time; None: the table did not count this line.
    `clients`: how many clients the table had met before.
    """

    begin: int
    end: int
    message: int | None
    clients: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a table counted.

    `lasts`: of each message, in the order of their numbers, the place of its last line and what stands there as its time.
    `clients`: of each client, in the order they were met, its message's number, its name, and how many lines there are.
    """

    lasts: Sequence[tuple[int, bytes]]
    clients: Iterable[tuple[int, bytes, int]]


class LineTable(Protocol):
    """Counts the lines of usual form that are about TLS, by message and server, and of these by client.

    The usual form and what is about TLS are those of diagnose.log_parts. A message that only looks so may be counted as well.
    """

    def count(self, text: bytes, place: int) -> tuple[int, list[Notice]]:
        """Count a block of whole lines that begins at this place of the log, as far as there is room.

        Gives how far it came, and which lines have to be read; when there is no progress of either kind, the table is full.
        """
        ...

    def take(self) -> Counted:
        """What was counted; the table is empty then."""
        ...


class Logs(Protocol):
    """The logs of a machine: plain, packed, or a stream."""

    def parts(self, paths: Sequence[str]) -> tuple[LogPart, ...]:
        """The parts that can be read side by side, in their order; InputError for what is no log.

        A path "-" is standard input.
        """
        ...

    def blocks(self, part: LogPart) -> Iterator[bytes]:
        """The bytes of a part. An interrupt ends a stream: what came until then counts.

        Raises:
            InputError: it cannot be read, or unpacks to more than any log.
        """
        ...

    def places(self, words: Sequence[bytes]) -> Places:
        """What finds these words in a block, as fast as this machine can."""
        ...

    def table(self) -> LineTable | None:
        """What counts lines faster than Python can, if this machine has it."""
        ...
