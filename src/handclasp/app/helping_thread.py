"""A thread beside one that serves: libcrypto verifies while rows are written, keys are made while the disk is waited for."""

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue


class _Work:
    """Jobs that two threads do: each takes the next that nobody has taken."""

    __slots__ = ("_failure", "_helping", "_left")

    def __init__(self, jobs: Iterable[Callable[[], object]]) -> None:
        self._left = deque(jobs)
        self._failure: Exception | None = None
        self._helping = threading.Lock()

    def help(self) -> None:
        """What the helping thread does."""
        with self._helping:
            self._do()

    def finish(self) -> None:
        """Do what is left, wait for what the other one has in hand, and raise what went wrong."""
        self._do()
        with self._helping:
            if self._failure is not None:
                raise self._failure

    def _do(self) -> None:
        while self._left:
            try:
                job = self._left.popleft()
            except IndexError:  # the other one was faster
                return
            try:
                job()
            except Exception as failure:  # noqa: BLE001 - raised by who finishes
                self._failure = failure


class HelpingThread:
    """Started with its first work, and again in a process that was forked off; ends when nobody has it any more."""

    def __init__(self) -> None:
        self._process = 0
        self._queue: SimpleQueue[_Work | None]

    def share(self, jobs: Iterable[Callable[[], object]]) -> Callable[[], None]:
        """Let them be done there, in order, as far as it comes: on a busy machine it may be slow to wake.

        What is returned does the rest, waits for what is in hand, and raises what one of them raised. Who does not need them
        done need not call it.
        """
        if self._process != os.getpid():
            self._queue, self._process = SimpleQueue(), os.getpid()
            threading.Thread(target=_help, args=(self._queue,), daemon=True, name="handclasp-helping").start()
            weakref.finalize(self, self._queue.put, None)
        work = _Work(jobs)
        self._queue.put(work)
        return work.finish


def _help(queue: "SimpleQueue[_Work | None]") -> None:
    while (work := queue.get()) is not None:
        work.help()
