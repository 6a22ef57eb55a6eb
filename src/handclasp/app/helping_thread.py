"""A thread beside one that serves: libcrypto verifies while rows are written, keys are made while the disk is waited for."""

import os
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue


class _Job:
    """Something to do, and how it ended."""

    __slots__ = ("_ended", "_failure", "_run")

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run
        self._failure: BaseException | None = None
        self._ended = threading.Lock()
        self._ended.acquire()

    def run(self) -> None:
        try:
            self._run()
        except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
            self._failure = failure
        finally:
            self._ended.release()

    def wait(self) -> None:
        with self._ended:
            if self._failure is not None:
                raise self._failure


class HelpingThread:
    """Started with its first job, and again in a process that was forked off; ends when nobody has it any more."""

    def __init__(self) -> None:
        self._process = 0
        self._jobs: SimpleQueue[_Job | None]

    def start(self, run: Callable[[], object]) -> Callable[[], None]:
        """Do it there, after what was started before. What is returned waits for its end, and raises what it raised."""
        if self._process != os.getpid():
            self._jobs, self._process = SimpleQueue(), os.getpid()
            threading.Thread(target=_work, args=(self._jobs,), daemon=True, name="handclasp-helping").start()
            weakref.finalize(self, self._jobs.put, None)
        job = _Job(run)
        self._jobs.put(job)
        return job.wait


def _work(jobs: "SimpleQueue[_Job | None]") -> None:
    while (job := jobs.get()) is not None:
        job.run()
