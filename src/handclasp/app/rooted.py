"""Another machine's files, mounted or unpacked below a folder: every path is taken from there."""

from collections.abc import Iterator

from handclasp.ports.files import FileReader


class RootedFiles:
    """A FileReader with a folder in front of every path. Writing is not offered: it is another's machine."""

    def __init__(self, files: FileReader, root: str) -> None:
        self._files = files
        self._root = root.rstrip("/")

    def read(self, path: str) -> bytes:
        """As FileReader.read."""
        return self._files.read(self._root + path)

    def exists(self, path: str) -> bool:
        """As FileReader.exists."""
        return self._files.exists(self._root + path)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """As FileReader.glob; the paths found are without the folder."""
        return tuple(path.removeprefix(self._root) for path in self._files.glob(self._root + pattern))

    def walk(self, folder: str) -> Iterator[str]:
        """As FileReader.walk; the paths found are without the folder."""
        return (path.removeprefix(self._root) for path in self._files.walk(self._root + folder))
