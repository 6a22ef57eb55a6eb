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
    ahead.make([P256] * 5)
    assert ahead.ready(P256) == 5
    assert len({ahead.take(P256).spki for _ in range(8)}) == 8
    assert ahead.ready(P256) == 0


def test_dear_ones_are_made_when_they_are_asked_for(ahead: Counting) -> None:
    ahead.make([RSA, KeyType.ED25519])
    assert (ahead.ready(RSA), ahead.ready(KeyType.ED25519)) == (0, 1)
    assert ahead.take(RSA).private


def test_there_is_an_end_to_them(ahead: Counting) -> None:
    ahead.make([P256] * 200)
    assert ahead.ready(P256) == 64


def test_a_copy_of_the_process_has_none_of_them(ahead: Counting) -> None:
    ahead.make([P256] * 2)
    theirs = in_copy(lambda: ahead.take(P256).spki)
    assert theirs
    assert theirs not in {ahead.take(P256).spki for _ in range(2)}


def test_what_is_started_is_done_in_order_and_failures_come_back() -> None:
    helper, done = HelpingThread(), list[int]()
    waits = [helper.start(lambda number=number: done.append(number)) for number in range(5)]  # type: ignore[misc]
    failing = helper.start(lambda: 1 // 0)
    for wait in waits:
        wait()
    assert done == [0, 1, 2, 3, 4]
    with pytest.raises(ZeroDivisionError):
        failing()
    helper.start(lambda: done.append(5))()
    assert done[-1] == 5


def test_a_copy_of_the_process_has_a_thread_of_its_own() -> None:
    helper = HelpingThread()
    helper.start(lambda: None)()

    def work() -> bytes:
        helper.start(lambda: None)()
        return b"done"

    assert in_copy(work) == b"done"


def test_the_thread_ends_with_its_owner() -> None:
    before = set(threading.enumerate())
    helper = HelpingThread()
    helper.start(lambda: None)()
    (own,) = set(threading.enumerate()) - before
    del helper
    eventually(lambda: not own.is_alive())
