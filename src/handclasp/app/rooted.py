"""Another machine's files, mounted or unpacked below a folder: every path is taken from there."""

import posixpath
from collections.abc import Iterator

from handclasp.model.errors import InputError
from handclasp.nginxconf.dump import is_dump
from handclasp.nginxconf.tree import decode
from handclasp.ports.files import FileTree

_MOST_LINKS = 40  # as the kernel (path_resolution(7))


class RootedFiles:
    """A FileReader with a folder as its root. Links lead where they would on that machine: absolute ones stay below it.

    Writing is not offered: it is another's machine. `aside` is a file of ours that is read where it lies.
    """

    def __init__(self, files: FileTree, root: str, aside: str | None = None) -> None:
        self._files = files
        self._root = root.rstrip("/")
        self._aside = aside

    def read(self, path: str) -> bytes:
        """As FileReader.read."""
        return self._files.read(path if path == self._aside else self._real(path))

    def exists(self, path: str) -> bool:
        """As FileReader.exists."""
        return self._files.exists(self._real(path))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """As FileReader.glob; the paths found are without the folder."""
        folder, name = posixpath.split(pattern)
        below = self._real(folder) if not any(mark in folder for mark in "*?[") else self._root + folder
        found = self._files.glob(f"{below}/{name}")
        return tuple(f"{folder}{path.removeprefix(below)}" for path in found)

    def walk(self, folder: str) -> Iterator[str]:
        """As FileReader.walk; the paths found are without the folder."""
        return (path.removeprefix(self._root) for path in self._files.walk(self._root + folder))

    def _real(self, path: str) -> str:
        """The path below the folder that a path of that machine leads to, its links followed there."""
        done, left = "", [part for part in path.split("/") if part not in {"", "."}]
        for _ in range(_MOST_LINKS * 10):
            if not left:
                return self._root + (done or "/")
            part, left = left[0], left[1:]
            if part == "..":
                done = posixpath.dirname(done).rstrip("/")
                continue
            target = self._files.link(f"{self._root}{done}/{part}")
            if target is None:
                done = f"{done}/{part}"
                continue
            if target.startswith("/"):
                done = ""
            left = [*(piece for piece in target.split("/") if piece not in {"", "."}), *left]
        raise InputError("too many links", where=path)


def rooted(files: FileTree, root: str, config: str | None) -> RootedFiles:
    """The files below a folder. A dump of that machine's configuration may lie elsewhere: it says where its files were."""
    below = RootedFiles(files, root)
    if config is None or below.exists(config) or not files.exists(config) or not is_dump(decode(files.read(config))):
        return below
    return RootedFiles(files, root, aside=config)
