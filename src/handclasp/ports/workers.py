"""More than one processor."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Workers(Protocol):
    """Runs a pure function over many things at once."""

    def run(self, function: Callable[[A], B], items: Iterable[A], *, ahead: int = 4) -> Iterator[B]:
        """Results in the order of `items`, of which at most `ahead` are under way: memory stays flat."""
        ...
