"""Keys made ahead are given away once, in one process, and made only where that is cheap; and the thread that helps."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.key_files import KeyFiles
from handclasp.app.helping_thread import HelpingThread
from handclasp.app.keys_ahead import KeysAhead
from handclasp.model.issuance import KeyType
from tests.waiting import eventually

P256, RSA = KeyType.EC_P256, KeyType.RSA_2048


class Counting(KeysAhead):
    """Tells how many are ready."""

    def ready(self, kind: KeyType) -> int:
        """So many."""
        return len(self._ready.get(kind, ()))


@pytest.fixture
def ahead(tmp_path: Path) -> Counting:
    return Counting(KeyFiles(str(tmp_path), PosixFileTree(), lambda _new: b"none is asked for"))


def make(ahead: KeysAhead, count: int) -> None:
    for _ in range(count):
        ahead.make(P256)


def in_copy(work: Callable[[], bytes]) -> bytes:
    """What it gives in a process that was forked off."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(writing, work())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        found = said.read()
    os.waitpid(pid, 0)
    return found


def test_each_is_given_away_once(ahead: Counting) -> None:
    make(ahead, 5)
    assert ahead.ready(P256) == 5
    assert len({ahead.take(P256).spki for _ in range(8)}) == 8
    assert ahead.ready(P256) == 0


def test_dear_ones_are_made_when_they_are_asked_for(ahead: Counting) -> None:
    ahead.make(RSA)
    ahead.make(KeyType.ED25519)
    assert (ahead.ready(RSA), ahead.ready(KeyType.ED25519)) == (0, 1)
    assert ahead.take(RSA).private


def test_there_is_an_end_to_them(ahead: Counting) -> None:
    make(ahead, 200)
    assert ahead.ready(P256) == 64


def test_a_copy_of_the_process_has_none_of_them(ahead: Counting) -> None:
    make(ahead, 2)
    theirs = in_copy(lambda: ahead.take(P256).spki)
    assert theirs
    assert theirs not in {ahead.take(P256).spki for _ in range(2)}


def test_work_is_shared_and_each_job_done_once() -> None:
    helper, done = HelpingThread(), list[int]()
    for start in range(0, 1000, 20):
        finish = helper.share([lambda number=number: done.append(number) for number in range(start, start + 20)])  # type: ignore[misc]
        finish()
        assert sorted(done) == list(range(start + 20))


def test_who_is_busy_is_not_waited_for() -> None:
    """As on a machine whose other processor has work: what was not begun there is done here."""
    helper, hold, done = HelpingThread(), threading.Event(), list[int]()
    held = helper.share([hold.wait])
    helper.share([lambda: done.append(1)])()
    assert done == [1]
    hold.set()
    held()


def test_what_was_begun_there_is_waited_for_and_its_failure_raised() -> None:
    helper, begun, hold = HelpingThread(), threading.Event(), threading.Event()

    def fail() -> None:
        begun.set()
        hold.wait()
        raise ZeroDivisionError

    finish = helper.share([fail])
    begun.wait()
    threading.Timer(0.05, hold.set).start()
    with pytest.raises(ZeroDivisionError):
        finish()


def test_a_copy_of_the_process_has_a_thread_of_its_own() -> None:
    helper = HelpingThread()
    helper.share([])()

    def work() -> bytes:
        there = threading.Event()
        helper.share([there.set])
        return b"done" if there.wait(120) else b"nobody came"

    assert in_copy(work) == b"done"


def test_the_thread_ends_with_its_owner() -> None:
    before = set(threading.enumerate())
    helper = HelpingThread()
    helper.share([])()
    (own,) = set(threading.enumerate()) - before
    del helper
    eventually(lambda: not own.is_alive())
