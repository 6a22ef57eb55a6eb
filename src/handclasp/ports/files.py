"""The file system, as far as Handclasp touches it."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from handclasp.model.octets import Octets, Spool


class FileReader(Protocol):
    """Reads. All failures are InputError or WorldError naming path and reason."""

    def read(self, path: str) -> bytes:
        """The bytes of a regular file; InputError when it does not exist, is unreadable, or is larger than 256 MiB."""
        ...

    def exists(self, path: str) -> bool:
        """Whether something is there (symbolic links are followed)."""
        ...

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Paths that match, sorted as nginx sorts includes."""
        ...

    def walk(self, folder: str) -> Iterator[str]:
        """Every regular file below a folder, sorted."""
        ...


class PageTree(FileReader, Protocol):
    """Reads, and writes files that can be made again at any time. All failures are WorldError naming path and reason."""

    def write_page(self, path: str, content: bytes) -> None:
        """Temporary file in the same folder, rename: whole or absent, readable by all, not forced to the disk.

        Folders that are missing are made.
        """
        ...

    def remove(self, path: str) -> None:
        """Take a file away if it is there."""
        ...

    def make_folder(self, path: str, *, mode: int = 0o755) -> None:
        """Make a folder and its parents; an existing one keeps its mode."""
        ...


class Shelf(PageTree, Protocol):
    """Files that can be made again at any time, of which there may be millions."""

    def aged(self, folder: str, *, before: datetime) -> Iterator[str]:
        """Every regular file below a folder that was last written before that time, in no order."""
        ...

    def remove_page(self, path: str, *, below: str) -> None:
        """Take a file away, and the folders that are empty then up to `below`, which stays; not forced to the disk."""
        ...

    def settle(self, folder: str) -> None:
        """Force everything that was written to this folder's file system to the disk."""
        ...


class FileTree(FileReader, Protocol):
    """Reads, and writes that are either whole or absent. All failures are WorldError naming path and reason."""

    def link(self, path: str) -> str | None:
        """What a symbolic link says, as it stands; None for anything else."""
        ...

    def tail(self, path: str, most: int) -> bytes:
        """The last `most` bytes of a regular file of any size, or all of it; failures as `read`."""
        ...

    def write(self, path: str, content: bytes, *, mode: int = 0o644, keep_owner: bool = False) -> None:
        """Temporary file in the same folder, mode, fsync, rename, fsync of the folder.

        `keep_owner`: the file that is replaced keeps its owner and group, as far as this account may give files away.
        """
        ...

    def octets(self, path: str) -> Octets:
        """A regular file of any size, read when it is asked for; failures as `read`."""
        ...

    def spool(self) -> Spool:
        """Room for octets that need not be in memory."""
        ...

    def move(self, path: str, to: str) -> None:
        """Give a file another name in its folder, in place of what has it: it has one or the other, whatever happens."""
        ...

    def together(self, folder: str) -> AbstractContextManager[None]:
        """What is written, moved and removed in a folder meanwhile is durable when the block ends, not one by one."""
        ...

    def write_parts(self, path: str, parts: Iterable[bytes], *, mode: int = 0o644) -> None:
        """As `write`, of content that is not in memory at once."""
        ...

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        ...

    def mode(self, path: str) -> int:
        """The permission bits of what is there; InputError when nothing is."""
        ...

    def create(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """As `write`, but PolicyError when something is there already, a dangling symbolic link included."""
        ...

    def remove(self, path: str) -> None:
        """Take a file away if it is there, and make that durable."""
        ...

    def make_folder(self, path: str, *, mode: int = 0o755) -> None:
        """Make a folder and its parents; an existing one keeps its mode."""
        ...

    def lock(self, path: str, *, purpose: str, timeout: float = 120.0) -> AbstractContextManager[None]:
        """Exclusive lock on a file, released when the process dies; WorldError naming the holder's purpose on timeout."""
        ...

    def scratch(self, path: str | None = None) -> AbstractContextManager[str]:
        """A new folder for its owner alone; it is taken away with all that is in it, whatever happens.

        `path`: it is this one; what a killed run left there goes first. None: somewhere for temporary files.
        """
        ...

    def left_behind(self) -> Iterator[str]:
        """What killed runs left of their folders for temporary files; each is taken away when the next is asked for."""
        ...
