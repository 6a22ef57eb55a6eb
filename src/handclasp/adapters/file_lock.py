"""A lock on a file, with a note in it that says to people who holds it."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator

from handclasp.adapters.world_error import world_error
from handclasp.model.errors import WorldError

_NOTE = 200  # octets of the note
_PATIENCE = 0.3
"""So many seconds a lock is waited for without a word."""


@contextlib.contextmanager
def locked(path: str, purpose: str, timeout: float, waiting: Callable[[str], None] | None) -> Iterator[None]:
    """Exclusive, released when the process dies; WorldError naming the holder's purpose on timeout.

    `waiting` is called once with the name of the holder when it has to be waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise world_error(path, "cannot be locked", error) from error
    try:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, 0o600)  # whatever the umask; another user's lock file keeps its mode
        _acquire(descriptor, path, timeout, waiting)
        with contextlib.suppress(OSError):  # the note is for people; a full disk must not stop a lock
            # Always as long: a file that becomes shorter may wait for the disk.
            os.pwrite(descriptor, f"{purpose} (process {os.getpid()})".encode()[:_NOTE].ljust(_NOTE, b"\0"), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: str, timeout: float, waiting: Callable[[str], None] | None) -> None:
    began = time.monotonic()
    told = waiting is None
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            if waited >= timeout:
                hint = f"waited {timeout:.0f} s; try again when that is done"
                raise WorldError(f"is held by: {_holder(descriptor)}", where=path, hint=hint) from None
            if waiting is not None and not told and waited >= _PATIENCE:
                waiting(_holder(descriptor))
                told = True
            time.sleep(0.02)
        except OSError as error:
            raise world_error(path, "cannot be locked", error) from error
        else:
            return


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, _NOTE, 0).decode(errors="replace").strip("\0") or "another process"
