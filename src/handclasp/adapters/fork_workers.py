"""ports.Workers as forked processes: they know what this process knew when they began, unlocked keys included."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from handclasp.model.errors import WorldError
from handclasp.ports.workers import Crew

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_context: Any = None


class ForkWorkers:
    """As many processes as there are processors; with one, everything is done here.

    Args:
        count: how many; None: one for each processor.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or len(os.sched_getaffinity(0))

    @contextmanager
    def crew(self, context: C) -> Iterator[Crew[C]]:
        """As ports.Workers.crew. The context is inherited by the fork: it is never written anywhere."""
        if self._count < 2:
            yield _Alone(context)
            return
        fork = multiprocessing.get_context("fork")
        pool = ProcessPoolExecutor(self._count, mp_context=fork, initializer=_begin, initargs=(context,))
        try:
            yield _Forked(pool)
        finally:
            pool.shutdown(cancel_futures=True)


class _Alone(Generic[C]):
    """Everything in this process, at once."""

    def __init__(self, context: C) -> None:
        self._context = context

    def submit(self, task: Callable[[C, A], B], item: A) -> Callable[[], B]:
        done: Future[B] = Future()
        try:
            done.set_result(task(self._context, item))
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            done.set_exception(error)
        return done.result


class _Forked(Generic[C]):
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def submit(self, task: Callable[[C, A], B], item: A) -> Callable[[], B]:
        done = self._pool.submit(_apply, task, item)

        def result() -> B:
            try:
                made: B = done.result()
            except BrokenProcessPool as error:
                raise WorldError(
                    "a worker process was killed", hint="is there enough memory? Run it again: it goes on where it was"
                ) from error
            return made

        return result


def _begin(context: Any) -> None:
    """In each worker: an interrupt is the parent's affair, and nobody who holds a key outlives the parent."""
    global _context  # noqa: PLW0603 - how a forked worker learns its job
    _context = context
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _apply(task: Callable[[Any, A], B], item: A) -> B:
    return task(_context, item)
