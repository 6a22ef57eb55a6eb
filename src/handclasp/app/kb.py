"""`handclasp kb build`: a set of pages into a folder; what an earlier build left and no build makes any more is taken away."""

from collections.abc import Mapping
from dataclasses import dataclass

from handclasp.model.errors import PolicyError
from handclasp.ports.files import PageTree

MARK = "index.json"
_OURS = b'"schema": "handclasp/kb-index/1"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """How many files were written anew, were right already, and were taken away."""

    written: int
    kept: int
    removed: int


def build(pages: Mapping[str, bytes], folder: str, files: PageTree) -> Built:
    """Write the pages (path below `folder` to content). Only what differs is written, so a second build writes nothing.

    Raises PolicyError when the folder holds files that are no knowledge base: nothing is written over or removed there.
    """
    there = set(files.walk(folder)) if files.exists(folder) else set()
    mark = f"{folder}/{MARK}"
    if there and not (mark in there and _OURS in files.read(mark)):
        raise PolicyError(
            "this folder holds files that are no knowledge base",
            where=folder,
            hint="name an empty or a new folder",
        )
    wanted = {f"{folder}/{path}": content for path, content in pages.items()}
    changed = {path: content for path, content in wanted.items() if path not in there or files.read(path) != content}
    for parent in sorted({path.rpartition("/")[0] for path in wanted}):
        files.make_folder(parent)
    for path in sorted(changed, key=lambda path: path != mark):  # the mark first: a build cut short may be built again
        files.write_page(path, changed[path])
    stale = there - set(wanted)
    for path in sorted(stale):
        files.remove(path)
    return Built(written=len(changed), kept=len(wanted) - len(changed), removed=len(stale))
