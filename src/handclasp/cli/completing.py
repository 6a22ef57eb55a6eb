"""What a shell completes beside commands and options: names in the home that the command line is about.

A home that is not there, or not for this person, has none to offer: a shell in the middle of a line is no place for an error.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from handclasp.cli.frame import default_home

if TYPE_CHECKING:
    from handclasp.app.home import Home

_MOST = 200


def identities(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Names of identities."""
    from handclasp.app.names_here import identities as known

    return _beginning(ctx, typed, known)


def identities_or_files(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Names of identities; where none begins so, files: a certificate says whose it is."""
    return [CompletionItem(name) for name in identities(ctx, param, typed)] or [CompletionItem(typed, type="file")]


def authorities(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Labels of CAs."""
    return _beginning(ctx, typed, lambda home: (one.label for one in home.store.authorities()))


def authorities_or_files(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Labels of CAs; where none begins so, files."""
    return [CompletionItem(label) for label in authorities(ctx, param, typed)] or [CompletionItem(typed, type="file")]


def hosts(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Nginx hosts elsewhere that have orders."""
    from handclasp.app.host_cas import sites_of_all

    return _beginning(ctx, typed, sites_of_all)


def profiles(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Profiles of certificates, the home's own too."""
    from handclasp.app.profiles import profile_names

    return _beginning(ctx, typed, profile_names)


def devices(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Kinds of devices."""
    from handclasp.catalogue.devices import DEVICES

    return [one.slug for one in DEVICES if one.slug.startswith(typed)]


def _beginning(ctx: click.Context, typed: str, known: "Callable[[Home], Iterable[str]]") -> list[str]:
    from handclasp.model.errors import HandclaspError
    from handclasp.wiring import World

    # A shell hands over the line before it puts a folder for ~.
    place = os.path.expanduser(ctx.params.get("home") or os.environ.get("HANDCLASP_HOME") or default_home())  # noqa: PTH111
    found: dict[str, None] = {}
    with suppress(HandclaspError, OSError):
        home = World(os.path.abspath(place)).ca  # noqa: PTH100
        found |= dict.fromkeys(islice((one for one in known(home) if one.startswith(typed)), _MOST))
    return list(found)
