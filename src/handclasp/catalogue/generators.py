"""Programs that write nginx configurations: what their files look like, and where to say a change instead."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import msgspec

from handclasp.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One of them; `generators.toml` says what the fields mean."""

    id: str
    name: Text
    edit: Text
    commands: tuple[str, ...]
    path: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    whole: bool = False
    overwritten: bool = True
    settings: dict[str, str] = field(default_factory=dict)

    def wrote(self, path: str, text: str) -> bool:
        """Whether a file is its work."""
        if self.leaves(path) or _fits(self.unless, text):
            return False
        return _fits(self.path, path) or _fits(self.text, text)

    def leaves(self, path: str) -> bool:
        """Whether a file is one that it reads and leaves to people."""
        return _fits(self.own, path)

    def wrote_line(self, line: str) -> bool:
        """Whether a line in a file of somebody else is its work."""
        return _fits(self.lines, line)


@cache
def generators() -> tuple[Generator, ...]:
    """All of them; the first that fits a file wrote it."""
    table = tomllib.loads((files(__package__) / "generators.toml").read_text("utf-8"))
    return msgspec.convert(table["generators"], tuple[Generator, ...])


def writer(path: str, text: str, *, main: tuple[str, str] | None = None) -> Generator | None:
    """Who wrote a file; None: people did, as far as can be seen.

    Args:
        path: of the file, as nginx opens it.
        text: what it holds; "" for a file that is no configuration.
        main: path and text of the main file.
    """
    for each in generators():
        of_whole = each.whole and main is not None and each.wrote(*main) and not each.leaves(path)
        if of_whole or each.wrote(path, text):
            return each
    return None


def line_writer(line: str) -> Generator | None:
    """Who wrote a line of a file that is people's."""
    return next((each for each in generators() if each.wrote_line(line)), None)


def _fits(patterns: tuple[str, ...], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)
