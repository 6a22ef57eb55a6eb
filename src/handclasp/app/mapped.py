"""Files of an nginx in a container, by the paths that it sees: each mount is a folder of this machine under another name."""

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from handclasp.model.octets import Octets, Spool
from handclasp.ports.files import FileTree


class MappedFiles:
    """A FileTree whose paths below a mount are that nginx's; others are this machine's."""

    def __init__(self, files: FileTree, mounts: tuple[tuple[str, str], ...]) -> None:
        self._files = files
        self._mounts = tuple((inside.rstrip("/"), outside.rstrip("/")) for inside, outside in mounts)

    def outside(self, path: str) -> str:
        """The path here of a path there."""
        for inside, outside in self._mounts:
            if path == inside or path.startswith(f"{inside}/"):
                return outside + path[len(inside) :]
        return path

    def inside(self, path: str) -> str:
        """The path there of a path here."""
        for inside, outside in self._mounts:
            if path == outside or path.startswith(f"{outside}/"):
                return inside + path[len(outside) :]
        return path

    def read(self, path: str) -> bytes:
        """As FileReader.read."""
        return self._files.read(self.outside(path))

    def exists(self, path: str) -> bool:
        """As FileReader.exists."""
        return self._files.exists(self.outside(path))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """As FileReader.glob; the paths found are that nginx's."""
        return tuple(self.inside(path) for path in self._files.glob(self.outside(pattern)))

    def walk(self, folder: str) -> Iterator[str]:
        """As FileReader.walk; the paths found are that nginx's."""
        return (self.inside(path) for path in self._files.walk(self.outside(folder)))

    def link(self, path: str) -> str | None:
        """As FileTree.link."""
        return self._files.link(self.outside(path))

    def tail(self, path: str, most: int) -> bytes:
        """As FileTree.tail."""
        return self._files.tail(self.outside(path), most)

    def octets(self, path: str) -> Octets:
        """As FileTree.octets."""
        return self._files.octets(self.outside(path))

    def spool(self) -> Spool:
        """As FileTree.spool."""
        return self._files.spool()

    def write_parts(self, path: str, parts: Iterable[bytes], *, mode: int = 0o644) -> None:
        """As FileTree.write_parts."""
        self._files.write_parts(self.outside(path), parts, mode=mode)

    def move(self, path: str, to: str) -> None:
        """As FileTree.move."""
        self._files.move(self.outside(path), self.outside(to))

    def together(self, folder: str) -> AbstractContextManager[None]:
        """As FileTree.together."""
        return self._files.together(self.outside(folder))

    def is_folder(self, path: str) -> bool:
        """As FileTree.is_folder."""
        return self._files.is_folder(self.outside(path))

    def mode(self, path: str) -> int:
        """As FileTree.mode."""
        return self._files.mode(self.outside(path))

    def write(self, path: str, content: bytes, *, mode: int = 0o644, keep_owner: bool = False) -> None:
        """As FileTree.write."""
        self._files.write(self.outside(path), content, mode=mode, keep_owner=keep_owner)

    def create(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """As FileTree.create."""
        self._files.create(self.outside(path), content, mode=mode)

    def remove(self, path: str) -> None:
        """As FileTree.remove."""
        self._files.remove(self.outside(path))

    def make_folder(self, path: str, *, mode: int = 0o755) -> None:
        """As FileTree.make_folder; a folder that is on no mount is that nginx's own affair."""
        here = self.outside(path)
        if here != path or not self._mounts or self._files.exists(posixpath.dirname(path)):
            self._files.make_folder(here, mode=mode)

    def lock(self, path: str, *, purpose: str, timeout: float = 120.0) -> AbstractContextManager[None]:
        """As FileTree.lock."""
        return self._files.lock(self.outside(path), purpose=purpose, timeout=timeout)

    def scratch(self, path: str | None = None) -> AbstractContextManager[str]:
        """As FileTree.scratch."""
        return self._files.scratch(None if path is None else self.outside(path))

    def left_behind(self) -> Iterator[str]:
        """As FileTree.left_behind."""
        return self._files.left_behind()
