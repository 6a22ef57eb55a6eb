"""What goes with many remedies: how to see that one worked, and how to take it back. The data are `steps.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from handclasp.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of them in words. `first`: commands to run before the remedy; `commands`: to run after it."""

    text: Text
    first: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """All of them by their keys."""

    proofs: dict[str, Step]
    undos: dict[str, Step]


@cache
def steps() -> Steps:
    """The tables."""
    return msgspec.convert(tomllib.loads((files(__package__) / "steps.toml").read_text("utf-8")), Steps)
