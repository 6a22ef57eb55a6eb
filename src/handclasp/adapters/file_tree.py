"""ports.FileTree on a POSIX file system: writes are whole or absent, links are not followed, failures name path and reason."""

import contextlib
import errno
import glob
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from handclasp.adapters import new_file
from handclasp.adapters.file_lock import locked
from handclasp.adapters.new_file import prepared
from handclasp.adapters.scratch import left_behind, scratch_folder
from handclasp.adapters.spool import DiskSpool, FileOctets
from handclasp.adapters.world_error import world_error
from handclasp.model.errors import InputError, PolicyError, WorldError
from handclasp.model.octets import Octets, Spool

MAX_READ = 256 * 1024 * 1024
"""Larger files are refused. The largest that are read are CRLs: a million revocations are 72 MB of PEM."""


class PosixFileTree:
    """The files of this machine. `waiting` is called once with the name of the holder when a lock has to be waited for."""

    def __init__(self, waiting: Callable[[str], None] | None = None) -> None:
        self._waiting = waiting
        self._later = threading.local()

    def read(self, path: str) -> bytes:
        """The bytes of a regular file; InputError when it does not exist, is unreadable, or is larger than 256 MiB."""
        with _opened(path) as (handle, size):
            if size > MAX_READ:
                raise InputError(f"has {size} bytes, more than the {MAX_READ} that are read", where=path)
            return handle.read(size or MAX_READ + 1)  # files of the kernel say that they have none

    def tail(self, path: str, most: int) -> bytes:
        """The last `most` bytes of a regular file of any size, or all of it; failures as `read`."""
        with _opened(path) as (handle, size):
            handle.seek(max(0, size - most))
            return handle.read(min(most, size))

    def octets(self, path: str) -> Octets:
        """A regular file of any size, read when it is asked for; failures as `read`."""
        with _opened(path) as (handle, size):
            return FileOctets(os.dup(handle.fileno()), size, path)

    def spool(self) -> Spool:
        """Room for octets that need not be in memory."""
        return DiskSpool()

    def link(self, path: str) -> str | None:
        """What a symbolic link says, as it stands; None for anything else."""
        try:
            return os.readlink(path)
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        """Whether something is there (symbolic links are followed). Nothing has a NUL in its name, or one that is too long."""
        if "\0" in path:
            return False
        try:
            os.stat(path)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return False
            raise world_error(path, "cannot be looked at", error) from error
        return True

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Paths that match, in the order of nginx includes: byte by byte, as in the C locale."""
        return tuple(sorted(glob.glob(pattern), key=os.fsencode))

    def walk(self, folder: str) -> Iterator[str]:
        """Every regular file below a folder, sorted; folders behind symbolic links are not entered."""

        def refuse(error: OSError) -> None:
            raise world_error(error.filename or folder, "cannot be listed", error) from error

        found: list[str] = []
        for parent, _, names in os.walk(folder, onerror=refuse):
            paths = (os.path.join(parent, name) for name in names)
            found.extend(path for path in paths if _is_file(path))
        yield from sorted(found, key=os.fsencode)

    def write(self, path: str, content: bytes, *, mode: int = 0o644, keep_owner: bool = False) -> None:
        """Temporary file in the same folder, mode, content, fsync, rename, fsync of the folder."""
        with prepared(path, (content,), mode, owner=_owner(path) if keep_owner else None) as temporary:
            os.rename(temporary, path)
        self._settle(path)

    def write_parts(self, path: str, parts: Iterable[bytes], *, mode: int = 0o644) -> None:
        """As `write`, of content that is not in memory at once."""
        with prepared(path, parts, mode) as temporary:
            os.rename(temporary, path)
        self._settle(path)

    def move(self, path: str, to: str) -> None:
        """Give a file another name in its folder, in place of what has it: it has one or the other, whatever happens."""
        try:
            os.rename(path, to)
        except OSError as error:
            raise world_error(path, "cannot be moved", error) from error
        self._settle(to)

    @contextlib.contextmanager
    def together(self, folder: str) -> Iterator[None]:
        """What this thread writes, moves and removes in a folder meanwhile has its place for good when the block ends.

        Each file is synced as ever; the folder once instead of after each.
        """
        self._later.folder = os.path.abspath(folder)
        try:
            yield
        finally:
            self._later.folder = None
        _sync_folder(folder)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        return os.path.isdir(path)

    def mode(self, path: str) -> int:
        """The permission bits of what is there; InputError when nothing is."""
        try:
            return stat.S_IMODE(os.stat(path).st_mode)
        except OSError as error:
            raise InputError(f"cannot be looked at: {error.strerror}", where=path) from error

    def create(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """As `write`, but PolicyError when something is there already, a dangling symbolic link included."""
        try:
            new_file.create(path, content, mode)
        except FileExistsError:
            raise PolicyError(
                "is there already, and is not overwritten", where=path, hint="choose another path, or move it away"
            ) from None
        try:
            self._settle(path)
        except BaseException:
            new_file.discard(path)  # what failed is not there: it can be made again under this name
            raise

    def remove(self, path: str) -> None:
        """Take a file away if it is there, and make that durable."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise world_error(path, "cannot be removed", error) from error
        self._settle(path)

    def _settle(self, path: str) -> None:
        """What happened to the name of a file is durable, now or at the end of `together`."""
        folder = os.path.dirname(os.path.abspath(path))
        if folder != getattr(self._later, "folder", None):
            _sync_folder(folder)

    def make_folder(self, path: str, *, mode: int = 0o755) -> None:
        """Make a folder and its parents; an existing one keeps its mode."""
        if os.path.isdir(path):
            return
        parent = os.path.dirname(os.path.abspath(path))
        self.make_folder(parent)
        try:
            os.mkdir(path, mode & 0o700)  # narrow first: nobody may slip in before the mode is set
            os.chmod(path, mode)  # the mode asked for, whatever the umask
        except FileExistsError:
            if not os.path.isdir(path):
                raise WorldError("is a file where a folder is needed", where=path, hint="move it away") from None
        except OSError as error:
            raise world_error(path, "cannot be made", error) from error
        _sync_folder(parent)

    @contextlib.contextmanager
    def scratch(self, path: str | None = None) -> Iterator[str]:
        """A new folder for its owner alone; it is taken away with all that is in it, whatever happens.

        `path`: it is this one; what a killed run left there goes first. None: somewhere for temporary files.
        """
        if path is not None:
            shutil.rmtree(path, ignore_errors=True)
            self.make_folder(path, mode=0o700)
            try:
                yield path
            finally:
                shutil.rmtree(path, ignore_errors=True)
            return
        with scratch_folder() as folder:
            yield folder

    def left_behind(self) -> Iterator[str]:
        """As ports.FileTree.left_behind."""
        return left_behind()

    def lock(self, path: str, *, purpose: str, timeout: float = 120.0) -> AbstractContextManager[None]:
        """Exclusive lock on a file, released when the process dies; WorldError naming the holder's purpose on timeout."""
        return locked(path, purpose, timeout, self._waiting)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[BinaryIO, int]]:
    """A regular file and its size; InputError when it does not exist or cannot be read."""
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as handle:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise InputError("is not a regular file", where=path, hint="give the path of a file")
            yield handle, found.st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> InputError:
    hints = {
        errno.ENOENT: "check the path",
        errno.EACCES: "run as a user who may read it, or change its mode",
        errno.EISDIR: "give the path of a file, not of a folder",
        errno.ENXIO: "give the path of a regular file",
    }
    return InputError(f"cannot be read: {error.strerror or error}", where=path, hint=hints.get(error.errno or 0))


def _is_file(path: str) -> bool:
    """Whether it is a regular file, and still there."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _owner(path: str) -> tuple[int, int] | None:
    """Owner and group of a file; None when there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_uid, status.st_gid


def _sync_folder(folder: str) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise world_error(folder, "cannot be made durable", error) from error
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EROFS):  # some file systems have no fsync for folders
            raise world_error(folder, "cannot be made durable", error) from error
    finally:
        os.close(descriptor)
