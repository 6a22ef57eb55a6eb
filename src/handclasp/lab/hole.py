"""A hole: a configuration that works, and lets somebody in who should stay out."""

from collections.abc import Callable
from dataclasses import dataclass

from handclasp.lab.scenario import Good, Make, Scenario
from handclasp.model.nginx import NginxVersion

Arises = Callable[[NginxVersion], bool]


def everywhere(_: NginxVersion) -> bool:
    """A hole of every nginx."""
    return True


def since(*first: int) -> Arises:
    """A hole of this version and all later ones."""
    return lambda version: version >= NginxVersion(*first)


def before(*fixed: int) -> Arises:
    """A hole of all versions older than this one."""
    return lambda version: version < NginxVersion(*fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """`title`: who gets where. `scenario` and `form` make the configuration and the attack; `arises` tells on which nginx."""

    title: str
    scenario: Scenario
    form: str
    arises: Arises = everywhere


def hole(title: str, cause: str, form: str, make: Make, good: Good | None = None, *, arises: Arises = everywhere) -> Hole:
    """A hole that no scenario of the laboratory is about.

    Args:
        title: who gets where.
        cause: what `nginx check` tells.
        form: a name.
        make: the configuration and the attack.
        good: tells a shut hole with its client still served; None: the client in, everybody else out.
        arises: on which versions.
    """
    return Hole(
        title=title, form=form, scenario=Scenario(cause=cause, broken={form: make}, control={}, good=good), arises=arises
    )
