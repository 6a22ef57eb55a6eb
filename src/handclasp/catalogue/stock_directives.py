"""Every directive of nginx's own modules: where it may stand, with how many arguments. Measured; see tools/directive_table.py.

What Handclasp interprets is in `directives`, with versions and values; this table is for the rest, so that a slip of the pen is
found anywhere. Directives of modules by other people, and of servers made from nginx (OpenResty, Tengine, Angie), are
recognised by how they begin or by their whole names: what they take is not known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handclasp.catalogue.directives import MISTAKES, Version

NEWEST = (1, 30, 6)
"""The newest nginx that was measured: what later ones added is not in the table."""

MANY = 8
"""So many arguments stand for any number from there on."""


@dataclass(frozen=True, slots=True)
class Place:
    """A directive in one context.

    `arguments`: how many it takes, `MANY` for that and more; `block`: it opens a `{ }`; `lacking`: the newest nginx measured
    that does not have it here.
    """

    arguments: frozenset[int]
    block: bool
    lacking: Version

    def takes(self, count: int) -> bool:
        """Whether so many arguments are right."""
        return min(count, MANY) in self.arguments


@cache
def table() -> Mapping[str, Mapping[str, Place]]:
    """By name, then by context (the words of `directives`)."""
    found: dict[str, dict[str, Place]] = {}
    text = files("handclasp.catalogue").joinpath("stock_directives.tsv").read_text("utf-8")
    for line in text.splitlines():
        name, context, numbers, end, lacking = line.split("\t")
        major, minor, patch = map(int, lacking.split("."))
        found.setdefault(name, {})[context] = Place(frozenset(map(int, numbers)), end == "{", (major, minor, patch))
    return found


_GROUPS = {"server": "http", "location": "http", "server if": "http", "location if": "http", "limit_except": "http"}


def group_of(context: str) -> str:
    """The contexts in which a directive takes the same values: those of http{}, of stream{}, of mail{}; others alone."""
    return _GROUPS.get(context) or context.removesuffix(" server")


@dataclass(frozen=True, slots=True)
class Values:
    """What a directive with one argument takes (`nginxconf.value_kinds`); `once`: a second one in a block is a duplicate."""

    kind: str
    once: bool


@cache
def values() -> Mapping[tuple[str, str], Values]:
    """By name and group of contexts. Measured; see tools/value_table.py."""
    text = files("handclasp.catalogue").joinpath("stock_values.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {(name, group): Values(kind, once == "once") for name, group, kind, once in rows}


def of_another_module(name: str) -> bool:
    """Whether a name looks like one of the modules that do not come with nginx."""
    return is_another_modules(name) or "_by_" in name or name.startswith(_others()) or not name.islower()


def is_another_modules(name: str) -> bool:
    """Whether a name is known to be of such a module, however much it looks like one of nginx's own."""
    return name in _other_names()


@cache
def _others() -> tuple[str, ...]:
    """How the names of modules begin that do not come with nginx."""
    return tuple(files("handclasp.catalogue").joinpath("other_modules.txt").read_text("utf-8").split())


@cache
def _other_names() -> frozenset[str]:
    """Their directives that begin like no others, or like nginx's own."""
    return frozenset(files("handclasp.catalogue").joinpath("other_directives.txt").read_text("utf-8").split())


def right_name(name: str) -> str | None:
    """What somebody meant who wrote a name that nginx does not know; None: nobody can tell."""
    return MISTAKES.get(name) or (None if name in table() else meant(name))


@cache
def meant(name: str) -> str | None:
    """The directive that somebody meant who wrote `name`: the only one that is one slip away; None: none, or several."""
    if is_another_modules(name):
        return None
    known = table()
    if name.lower() in known:
        return None if name in known else name.lower()
    near = {other for other in _slips(name) if other in known}
    return near.pop() if len(near) == 1 else None


def _slips(word: str) -> set[str]:
    """Every word that is one letter more, less, other or swapped away from this one."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_"
    cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    less = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    other = {a + c + b[1:] for a, b in cuts if b for c in letters}
    more = {a + c + b for a, b in cuts for c in letters}
    return less | swapped | other | more
