"""New files: whole and synced before anybody sees them under the name that they are to have."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator

from handclasp.adapters.world_error import world_error

_NO_SUCH_THING = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS})
"""What file systems and kernels say that have no files without a name."""


@contextlib.contextmanager
def prepared(path: str, parts: Iterable[bytes], mode: int, *, owner: tuple[int, int] | None = None) -> Iterator[str]:
    """A synced temporary file beside `path`; the caller moves it into place and has the folder synced.

    Whatever fails, the temporary file is taken away and the target is as it was.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, f".{os.urandom(8).hex()}.handclasp-new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as handle:
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):  # only root gives files away
                    os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)  # before the content: a secret is never readable for a moment
            handle.writelines(parts)
            handle.flush()
            os.fsync(descriptor)
        yield temporary
    except OSError as error:
        discard(temporary)
        raise world_error(os.path.join(folder, name), "cannot be written", error) from error
    except BaseException:
        discard(temporary)
        raise


def create(path: str, content: bytes, mode: int) -> None:
    """A synced file where there is none; the caller has the folder synced.

    It has no name until it is whole: keys, containers and backups go to folders of other people, where nobody would take away
    what a killed run left. Where a file system has no such files, it has a temporary name first.

    Raises:
        FileExistsError: something is there, a dangling symbolic link included.
        WorldError: the disk failed.
    """
    if os.path.lexists(path):
        raise FileExistsError(path)
    if _create_nameless(path, content, mode):
        return
    taken = None
    with prepared(path, (content,), mode) as temporary, _nothing_after_a_failure(path, os.lstat(temporary)):
        try:
            os.link(temporary, path, follow_symlinks=False)
        except FileExistsError as error:
            taken = error
        os.unlink(temporary)
    if taken is not None:
        raise taken


def _create_nameless(path: str, content: bytes, mode: int) -> bool:
    """Whether the file system can."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        descriptor = os.open(folder, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _NO_SUCH_THING:
            return False
        raise world_error(path, "cannot be written", error) from error
    try:
        with open(descriptor, "wb") as handle:
            os.fchmod(descriptor, mode)
            handle.write(content)
            handle.flush()
            os.fsync(descriptor)
            opened = f"/proc/self/fd/{descriptor}"
            if not os.path.exists(opened):
                return False
            with _nothing_after_a_failure(path, os.fstat(descriptor)):
                # A directory is given so that Python calls linkat, which follows this link to the file (open(2), O_TMPFILE).
                os.link(opened, path, src_dir_fd=descriptor, follow_symlinks=True)
    except FileExistsError:
        raise
    except OSError as error:
        raise world_error(path, "cannot be written", error) from error
    return True


@contextlib.contextmanager
def _nothing_after_a_failure(path: str, made: os.stat_result) -> Iterator[None]:
    """Ctrl-C may come when the file has its name and nobody was told so: then it is taken away, and never another one."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            if os.path.samestat(os.lstat(path), made):
                os.unlink(path)
        raise


def discard(path: str) -> None:
    """Take away what was being made; what failed before is what is told."""
    with contextlib.suppress(OSError):
        os.unlink(path)
