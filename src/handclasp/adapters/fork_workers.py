"""ports.Workers as forked processes: they know what this process knew when they began, unlocked keys included."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")

_task: Callable[[Any], Any] | None = None


class ForkWorkers:
    """As many processes as there are processors; with one, everything is done here.

    Args:
        count: how many; None: one for each processor.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or len(os.sched_getaffinity(0))

    def run(self, function: Callable[[A], B], items: Iterable[A], *, ahead: int = 4) -> Iterator[B]:
        """Results in the order of `items`, of which at most `ahead` are under way."""
        if self._count < 2:
            yield from map(function, items)
            return
        context = multiprocessing.get_context("fork")
        with context.Pool(self._count, initializer=_remember, initargs=(function,)) as pool:  # inherited, never pickled
            waiting: deque[Any] = deque()
            for item in items:
                waiting.append(pool.apply_async(_apply, (item,)))
                if len(waiting) >= ahead:
                    yield waiting.popleft().get()
            while waiting:
                yield waiting.popleft().get()


def _remember(function: Callable[[Any], Any]) -> None:
    global _task  # noqa: PLW0603 - how a forked worker learns its task
    _task = function


def _apply(item: Any) -> Any:
    assert _task is not None
    return _task(item)
