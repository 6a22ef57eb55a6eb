"""ports.Shelf on a POSIX file system: files that can be made again at any time, thousands a second, millions in a folder."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from datetime import datetime

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.world_error import world_error


class PageFiles(PosixFileTree):
    """The files of this machine, written without waiting for the disk."""

    def write_page(self, path: str, content: bytes) -> None:
        """Temporary file in the same folder, rename; not synced: for what can be made again. Folders that lack are made."""
        temporary = f"{path}.{os.getpid()}.new"
        try:
            try:
                descriptor = os.open(temporary, _WRITE, 0o644)
            except FileNotFoundError:
                _make_folders(os.path.dirname(path))
                descriptor = os.open(temporary, _WRITE, 0o644)
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o644)  # whatever the umask
                file.write(content)
            os.rename(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise world_error(path, "cannot be written", error) from error

    def aged(self, folder: str, *, before: datetime) -> Iterator[str]:
        """Every regular file below a folder that was last written before that time, in no order; nothing is kept of them."""
        limit = before.timestamp()
        try:
            with os.scandir(folder) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        yield from self.aged(entry.path, before=before)
                    elif entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < limit:
                        yield entry.path
        except FileNotFoundError:
            return
        except OSError as error:
            raise world_error(folder, "cannot be listed", error) from error

    def remove_page(self, path: str, *, below: str) -> None:
        """Take a file away, and the folders that are empty then up to `below`, which stays; not synced."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise world_error(path, "cannot be removed", error) from error
        folder = os.path.dirname(path)
        with contextlib.suppress(OSError):  # the first that holds something ends it
            while folder.startswith(f"{below}/"):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    def settle(self, folder: str) -> None:
        """Force everything that was written to this folder's file system to the disk."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise world_error(folder, "cannot be made durable", error) from error
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
                number = ctypes.get_errno()
                raise world_error(folder, "cannot be made durable", OSError(number, os.strerror(number)))
        finally:
            os.close(descriptor)


_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def _make_folders(path: str) -> None:
    """A folder and its parents, open to all whatever the umask; another process may make them too."""
    if os.path.isdir(path):
        return
    _make_folders(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o755)
        os.chmod(path, 0o755)  # noqa: S103 - a web server of another user reads it
