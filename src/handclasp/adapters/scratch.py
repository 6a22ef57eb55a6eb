"""Folders for a while: each is held by a lock that goes with its process, so that the next one sees which are left behind."""

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator

from handclasp.adapters.world_error import world_error

_PREFIX = "handclasp-"
_HELD = ".held"


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """A new folder for its owner alone, somewhere for temporary files; it is gone at the end.

    Raises:
        WorldError: none can be made.
    """
    try:
        made = tempfile.TemporaryDirectory(prefix=_PREFIX)
    except OSError as error:
        raise world_error(tempfile.gettempdir(), "no folder can be made", error) from error
    with made as folder:
        held = os.open(f"{folder}/{_HELD}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(f"{folder}/{_HELD}.new", f"{folder}/{_HELD}")  # nobody ever sees it unlocked while we live
            yield folder
        finally:
            os.close(held)


def left_behind() -> Iterator[str]:
    """Such folders of this user whose process is gone; each is taken away when the next is asked for."""
    for path in sorted(glob.glob(f"{glob.escape(tempfile.gettempdir())}/{_PREFIX}*")):
        with contextlib.ExitStack() as stack:
            try:
                folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                stack.callback(os.close, folder)
                held = os.open(_HELD, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                stack.callback(os.close, held)
                if os.fstat(folder).st_uid != os.geteuid() or os.fstat(held).st_uid != os.geteuid():
                    continue
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # not ours, not made by this module, in use, or gone meanwhile
            yield path
            shutil.rmtree(path, ignore_errors=True)
