"""Logs, however large, as blocks of bytes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

Places = Callable[[bytes], Iterable[int]]
"""Where certain words stand in a block, in order. Of places that overlap one is enough."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a log: the lines that begin from `start` on and before `end`. `end` None: to its end, read once, in order."""

    path: str
    start: int = 0
    end: int | None = None


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
