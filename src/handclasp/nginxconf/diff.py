"""A change as a patch that people read and `patch -p1 -d /` takes."""

import re
from collections.abc import Iterable, Iterator
from difflib import unified_diff

from handclasp.model.finding import FileEdit

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def unified(path: str, before: bytes | None, after: bytes) -> str:
    """The change of one file in unified format, "" when there is none.

    Args:
        path: absolute path; a/ and b/ are put before it, as git does.
        before: None: the file is new.
        after: the new content.

    Returns:
        Text that ends in a line feed. Bytes that are not UTF-8 are shown as escapes: such a patch is for reading only.
    """
    if before == after:
        return ""
    name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path).lstrip("/")
    old = "/dev/null" if before is None else f"a/{name}"
    # An empty new file has no lines to show, but the header tells that it is made.
    lines = list(unified_diff(_lines(before or b""), _lines(after), old, f"b/{name}"))
    return "".join(_ended(lines or [f"--- {old}\n", f"+++ b/{name}\n"]))


def patch(edits: Iterable[FileEdit]) -> str:
    """The changes of several files, one after the other."""
    return "".join(unified(edit.path, edit.before, edit.after) for edit in edits)


def _lines(content: bytes) -> list[str]:
    # Not splitlines: a form feed or a line separator ends no line of a file.
    return _LINE.findall(content.decode("utf-8", "backslashreplace"))


def _ended(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
