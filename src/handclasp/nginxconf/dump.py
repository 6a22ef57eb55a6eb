"""The output of `nginx -T`: all files of a configuration in one text, split and resolved."""

import re
from collections.abc import Mapping

from handclasp.model.errors import InputError
from handclasp.nginxconf.include import NeedFiles, resolve
from handclasp.nginxconf.tree import ConfigTree, encode

# A terminal's next prompt, copied along with what stood above it: `root@web:/etc/nginx# `, `$`, `[me@web ~]$ exit`.
_PROMPT = re.compile(r"(?<=\n)(?:[\w.~-]+@[^\s;{}]*|\[[^\]\n;{}]*\]|)[ :\w./~-]*[#$%>] ?(?:exit|logout)?\s*\Z")
_MARKER = re.compile(r"^# configuration file (.+):\r?\n", re.MULTILINE)


def is_dump(text: str) -> bool:
    """Whether a text is the output of `nginx -T` and not a configuration file."""
    return _MARKER.search(text) is not None


def split_dump(text: str) -> dict[str, bytes]:
    """The files of a dump by path, the main file first. What stands before the first marker (nginx's remarks) is left out.

    Raises:
        InputError: the text has no marker.
    """
    marks = list(_MARKER.finditer(text))
    if not marks:
        raise InputError('this is not a dump: no line "# configuration file /path:"', hint="make one with: nginx -T > dump.txt")
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    ends[-1] = len(_PROMPT.sub("", text))
    # nginx writes one line feed of its own after each file.
    return {mark[1]: encode(text[mark.end() : end].removesuffix("\n")) for mark, end in zip(marks, ends, strict=True)}


def join_dump(files: Mapping[str, bytes]) -> bytes:
    """The dump of these files; the inverse of `split_dump`."""
    return b"".join(b"# configuration file %s:\n%s\n" % (encode(path), content) for path, content in files.items())


def resolve_dump(text: str, prefix: str | None = None) -> ConfigTree:
    """The configuration in a dump. Raises InputError as `resolve` does."""
    files = split_dump(text)
    tree = resolve(next(iter(files)), files, prefix, complete=True)
    assert not isinstance(tree, NeedFiles)  # a complete resolve answers or raises
    return tree
