"""Several new files in folders of other people: all of them are there at the end, or none."""

import contextlib
from collections.abc import Callable, Iterator

from handclasp.model.errors import HandclaspError
from handclasp.ports.files import FileTree

Create = Callable[[str, bytes, int], None]
"""Make a new file: path, content, mode; PolicyError when something is there."""


@contextlib.contextmanager
def all_or_none(files: FileTree) -> Iterator[Create]:
    """What is created in the block is taken away again when it fails or is interrupted: run again, nothing is in the way.

    And no password lies about whose container nobody has.
    """
    made: list[str] = []

    def create(path: str, content: bytes, mode: int) -> None:
        files.create(path, content, mode=mode)
        made.append(path)

    try:
        yield create
    except BaseException:
        for path in reversed(made):
            with contextlib.suppress(HandclaspError):  # what failed first is what is told
                files.remove(path)
        raise
