"""A scenario: one root cause, its forms, the control beside it, the remedies and the dead ends, all of them to be run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handclasp.lab.setup import CLIENT, NOBODY, STRANGER, Setup
from handclasp.ports.stage import Performance, Visit

Make = Callable[[], Setup]
Change = Callable[[Setup], None]
Good = Callable[[Performance], bool]


class Kind(StrEnum):
    """What a variant is there to show."""

    BROKEN = "broken"
    CONTROL = "control"
    REMEDY = "remedy"
    DEAD_END = "dead-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One cause of the catalogue.

    `broken`: forms of the cause by name, each a function that makes a fresh setup. `control`: the same idea done right, which
    must work. `remedies` and `dead_ends`: changes to a broken setup by id. `good` tells a cured setup from a broken one. `skip`
    lists (form, change) pairs that make no sense together; `look_alikes` are forms that only look like the cause.
    `history`: what happens depends on what happened before (reloads, sessions) or on who takes part, not on files alone.
    `builds`: forms that are broken, and changes that are tried, on some builds only, with the catalogue's ids of these.
    `beside`: other causes that its set-ups truly have too, by form ("" for all): a scenario about faults that hide each other
    has those faults.
    """

    cause: str
    broken: Mapping[str, Make]
    control: Mapping[str, Make]
    remedies: Mapping[str, Change] = field(default_factory=dict)
    dead_ends: Mapping[str, Change] = field(default_factory=dict)
    good: Good | None = None
    skip: frozenset[tuple[str, str]] = frozenset()
    look_alikes: frozenset[str] = frozenset()
    history: bool = False
    builds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def variants(self) -> Iterator["Variant"]:
        """Every variant: forms, controls, and each form with each remedy and each dead end."""
        yield from (Variant(self, Kind.BROKEN, form, None, make) for form, make in self.broken.items())
        yield from (Variant(self, Kind.CONTROL, form, None, make) for form, make in self.control.items())
        for kind, changes in ((Kind.REMEDY, self.remedies), (Kind.DEAD_END, self.dead_ends)):
            for identity, change in changes.items():
                for form, make in self.broken.items():
                    if (form, identity) not in self.skip and form not in self.look_alikes:
                        yield Variant(self, kind, form, identity, _changed(make, change))

    def runs_on(self, form: str, build: str, change: str | None = None) -> bool:
        """Whether a form, with a change to it, is to be run on a build."""
        return all(build in self.builds.get(name, (build,)) for name in (form, change) if name)

    def true_causes(self, form: str) -> tuple[str, ...]:
        """Every cause that a form has: its own first."""
        return (self.cause, *self.beside.get("", ()), *self.beside.get(form, ()))

    def is_good(self, seen: Performance) -> bool:
        """Whether what was seen is what a person wants."""
        return self.good(seen) if self.good else works(seen)


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing to run. `change` is the id of a remedy or dead end."""

    scenario: Scenario
    kind: Kind
    form: str
    change: str | None
    make: Make

    @property
    def label(self) -> str:
        """For people: "client-cert-expired/expired + renew-client-certificate"."""
        return f"{self.scenario.cause}/{self.form}" + (f" + {self.change}" if self.change else "")


def _changed(make: Make, change: Change) -> Make:
    def made() -> Setup:
        setup = make()
        change(setup)
        return setup

    return made


def main_visit(setup: Setup) -> str:
    """The name of the visit that shows the trouble: the last of the client's, else the last of all."""
    names = [visit.name for visit in setup.visits or setup.default_visits() if isinstance(visit, Visit)]
    of_client = [name for name in names if name.startswith(CLIENT)]
    return (of_client or [name for name in names if name.startswith(NOBODY)])[-1]


def works(seen: Performance) -> bool:
    """The last request was answered 200, and no stranger (client or origin) got through."""
    if seen.start is not None:
        return False
    ours = [result for name, result in seen.results.items() if name.startswith(CLIENT)]
    wanted = ours or [result for name, result in seen.results.items() if name.startswith(NOBODY)]
    return bool(wanted) and wanted[-1].status == 200 and not lets_in(seen, STRANGER)


def lets_in(seen: Performance, who: str) -> bool:
    """Whether a visitor of that kind was answered 200."""
    return any(result.status == 200 for name, result in seen.results.items() if name.startswith(who))


def refuses_strangers(seen: Performance) -> bool:
    """For causes whose trouble is an open door: the client gets in, nobody else does."""
    return works(seen) and not lets_in(seen, NOBODY)
