"""More than one processor."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
K_co = TypeVar("K_co", covariant=True)


class Crew(Protocol, Generic[K_co]):
    """Works for one job: every task gets the job's context besides its own item."""

    def submit(self, task: Callable[[K_co, A], B], item: A) -> Callable[[], B]:
        """Begin a task; what is returned waits for its result and gives it, or raises what the task raised.

        `task` is a function of a module or a class: it may be found by its name elsewhere. WorldError when a worker was killed.
        """
        ...


class Workers(Protocol):
    """All processors of a machine."""

    def crew(self, context: C) -> AbstractContextManager[Crew[C]]:
        """Workers who know `context` as it is now, secrets in memory included; gone when the block ends, or this process."""
        ...
