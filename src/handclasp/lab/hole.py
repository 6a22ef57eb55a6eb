"""A hole: a configuration that works, and lets somebody in who should stay out."""

from dataclasses import dataclass

from handclasp.lab.scenario import Good, Make, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """`title` says who gets where. `scenario` and `form` make the configuration and the attack."""

    title: str
    scenario: Scenario
    form: str


def hole(title: str, cause: str, form: str, make: Make, good: Good | None = None, *, builds: tuple[str, ...] = ()) -> Hole:
    """A hole that no scenario of the laboratory is about.

    Args:
        title: who gets where.
        cause: what `nginx check` tells.
        form: a name.
        make: the configuration and the attack.
        good: tells a shut hole with its client still served; None: the client in, everybody else out.
        builds: where it arises; () everywhere.
    """
    only = {form: builds} if builds else {}
    return Hole(title=title, form=form, scenario=Scenario(cause=cause, broken={form: make}, control={}, good=good, builds=only))
