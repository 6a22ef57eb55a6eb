"""Waiting for what somebody else does: until it is so, however busy the machine is; never for a time."""

import time
from collections.abc import Callable
from pathlib import Path


def eventually(true: Callable[[], object], seconds: float = 300.0) -> None:
    """Until it is true; AssertionError when it never comes to be so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.05)


def logged(log: Path, words: str) -> str:
    """A log, once these words are in it: a program may answer first, and write its line afterwards."""
    eventually(lambda: log.exists() and words in log.read_text(errors="replace"))
    return log.read_text(errors="replace")
