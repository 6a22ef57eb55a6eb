"""What an apply is told and tells: how it is carried out, who proves it, what each probe saw, what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from handclasp.app.apply_history import Kind
from handclasp.app.lingering import NOTHING_LINGERS, Lingering
from handclasp.model.errors import HandclaspError
from handclasp.model.plan import Plan, ProbeStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """One probe and what came of it; `seen` in words."""

    step: ProbeStep
    ok: bool
    seen: str


class Prover(Protocol):
    """Asks nginx before and after a change."""

    def before(self) -> None:
        """Note what clients get now, and save their TLS sessions."""
        ...

    def after(self, steps: tuple[ProbeStep, ...]) -> tuple[Proven, ...]:
        """Make the probes of the plan."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done. `recovered`: an interrupted apply was dealt with first. `serving`: an nginx runs with this now.

    `lingering`: connections that go on by an earlier configuration.
    """

    plan: Plan
    proven: tuple[Proven, ...]
    recovered: str | None
    started: bool
    reloaded: bool
    serving: bool
    lingering: Lingering = NOTHING_LINGERS

    @property
    def ok(self) -> bool:
        """Whether every probe saw what it should."""
        return all(one.ok for one in self.proven)


class ProofError(HandclaspError):
    """The new configuration did not behave as it must; everything is as before."""

    exit_code = 1

    def __init__(self, what: str, proven: tuple[Proven, ...], *, where: str, hint: str) -> None:
        super().__init__(what, where=where, hint=hint)
        self.proven = proven


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a plan is carried out, and what the history says of it. `start`: start nginx if none runs. `to`: of a rollback.

    `force`: files that were changed by hand are overwritten. `rehearse`: tries the plan on a copy, before anything is changed.
    """

    kind: Kind = Kind.APPLY
    start: bool = True
    about: str = ""
    to: int | None = None
    force: bool = False
    rehearse: Callable[[Plan], tuple[Proven, ...]] | None = None

    @property
    def forward(self) -> bool:
        """Whether it is completed, not taken back, when it is interrupted."""
        return self.kind.forward
