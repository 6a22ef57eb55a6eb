"""Chains of the lab's scenarios as pictures show them; `pictures.json` is written by tools/catalogue_measured.py."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

DATA = "pictures.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One certificate of the path, leaf first. `sent` by the peer, else taken from nginx's file; `errors` raised at it."""

    subject: str
    sent: bool
    errors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The path that nginx builds in one form of a cause; `missing` is the issuer it looks for and does not find."""

    form: str
    links: tuple[Link, ...]
    missing: str | None = None


@cache
def pictures() -> dict[str, Picture]:
    """By slug of the cause; causes without a chain to show are left out."""
    return msgspec.json.decode((files(__package__) / DATA).read_bytes(), type=dict[str, Picture])
