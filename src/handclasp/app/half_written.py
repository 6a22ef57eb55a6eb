"""Files that a killed writer left beside what it was writing: never read, and taken away by the next run that comes there."""

from collections.abc import Iterable

from handclasp.ports.files import FileTree

HALF_WRITTEN = ".*.handclasp-new"
"""What FileTree.write leaves when it is killed before the rename."""


def sweep(files: FileTree, folders: Iterable[str]) -> None:
    """Take them away, in these folders alone. The lock must be held under which these folders are written."""
    for folder in folders:
        for path in files.glob(f"{as_pattern(folder)}/{HALF_WRITTEN}"):
            files.remove(path)


def as_pattern(folder: str) -> str:
    """A folder as a pattern that matches only itself."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in folder)
