"""Carries out a plan on an nginx: staged and tested, journalled, switched, reloaded, proven; or everything is put back.

Whatever stops it (an error, Ctrl-C, kill -9, a full disk), the next run finds the journal and puts things right.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from handclasp.app import apply_history, apply_stage
from handclasp.app.apply_history import Kind
from handclasp.app.apply_recover import holding, put_back, unfinished
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Change, Gear, Instance, Journal, journal_of, now, onward, put, write_journal
from handclasp.app.apply_terms import Applied, ProofError, Proven, Prover, Way
from handclasp.app.crashpoint import crashpoint
from handclasp.app.lingering import NOTHING_LINGERS, lingering
from handclasp.catalogue.tls_policies import POLICIES
from handclasp.model.errors import HandclaspError, PolicyError, WorldError
from handclasp.model.plan import Expect, Plan
from handclasp.nginxconf.protocols import OWN_PROTOCOLS

__all__ = ["Applied", "ProofError", "Proven", "Prover", "Way", "apply_plan", "failure_of", "failures_of", "roll_back"]

_MOST_TURNS = 25
_OTHER_VERSION = "alert protocol_version"
_PAUSE_SECONDS = 0.2


def apply_plan(
    gear: Gear, instance: Instance, make_plan: Callable[[], Plan], prover: Callable[[Plan], Prover], way: Way
) -> Applied:
    """Plan under the lock of this nginx, then do it.

    Args:
        gear: the ports.
        instance: the nginx.
        make_plan: called when nobody else changes this nginx any more.
        prover: makes the prober of a plan.
        way: how.

    Raises:
        ProofError: a probe saw something else; everything was put back.
        WorldError: nginx, disk or network failed; everything was put back, and the message says so.
        PolicyError: a file is not what the plan was made for.
    """
    with holding(gear, instance, "applying a configuration") as recovered:
        plan = make_plan()
        return _Run(gear, instance, plan, prover(plan), way, recovered).go()


@dataclass(slots=True)
class _Run:
    """One apply under the lock."""

    gear: Gear
    instance: Instance
    plan: Plan
    prover: Prover
    way: Way
    recovered: str | None
    started: bool = False
    reloaded: bool = False
    running: bool = False
    rehearsed: tuple[Proven, ...] = ()

    def go(self) -> Applied:
        self.running = self._alive()
        settled = not unfinished(self.gear, self.instance)
        if self.plan.empty and settled and (self.running or not self.way.start):
            self._rehearse()
            return self._applied(self._prove() if self.running else ())
        self._unchanged()
        if not self.plan.empty:
            apply_stage.check(self.gear, self.instance, self.plan.files)
            crashpoint("apply.staged")
        self._rehearse()
        if self.running:
            self.prover.before()
        about = self.way.about or self.plan.about
        journal = journal_of(self.gear, self.plan.files, running=self.running, forward=self.way.forward, about=about)
        write_journal(self.gear, self.instance.journal, journal)
        try:
            proven = self._switch(journal)
            self._note(journal, proven)
        except BaseException as error:
            if not self._noted(journal):
                self._back(journal, error)
            raise
        self.gear.files.remove(self.instance.journal)
        crashpoint("apply.committed")
        return self._applied(proven)

    def _rehearse(self) -> None:
        if self.way.rehearse is None:
            return
        self.rehearsed = self.way.rehearse(self.plan)
        failed = [one for one in self.rehearsed if not one.ok]
        if failed:
            error = ProofError(failure_of(failed), self.rehearsed, where=self.instance.config, hint=failures_of(failed))
            self._keep(error)
            error.what = f"{error.what}; nothing was changed"
            raise error

    def _alive(self) -> bool:
        return self.gear.nginx.running(prefix=self.instance.prefix, config=self.instance.config)

    def _unchanged(self) -> None:
        for change in self.plan.files:
            if now(self.gear.files, change.path) != change.before:
                raise PolicyError(
                    "was changed while the plan was made; nothing was applied", where=change.path, hint="run the command again"
                )

    def _switch(self, journal: Journal) -> tuple[Proven, ...]:
        crashpoint("apply.journal-durable")
        for change in onward(journal):
            put(self.gear, (change,))
            crashpoint("apply.file-switched")
        crashpoint("apply.switched")
        where = {"prefix": self.instance.prefix, "config": self.instance.config}
        if self.running:
            if self.plan.reload:
                self.gear.nginx.reload(**where)
                self.reloaded = True
        elif self.way.start:
            self.gear.nginx.start(**where)
            self.started = True
        crashpoint("apply.reloaded")
        proven = self._prove() if self.running or self.started else ()
        failed = [one for one in proven if not one.ok]
        # A revocation that locks nobody out stays, even when it could not be proven: it is not weaker than what was before.
        if failed and not (self.way.forward and all(one.step.expect is Expect.REFUSED for one in failed)):
            raise ProofError(failure_of(failed), proven, where=self.instance.config, hint=failures_of(failed))
        crashpoint("apply.proven")
        return proven

    def _prove(self) -> tuple[Proven, ...]:
        """The probes. Where workers cannot be watched, the new ones may come into force a moment after the reload command."""
        proven = self.prover.after(self.plan.probes)
        for _ in range(_MOST_TURNS if self.gear.control.foreign else 0):
            if all(one.ok for one in proven):
                break
            self.gear.pause(_PAUSE_SECONDS)
            proven = self.prover.after(self.plan.probes)
        return proven

    def _back(self, journal: Journal, error: BaseException) -> None:
        """Put everything back, and say on the error whether that worked."""
        try:
            put_back(self.gear, self.instance, journal)
        except HandclaspError as second:
            kept = f"the journal is kept in {self.instance.journal}: put that right, and run the command again"
            said = error.hint if isinstance(error, HandclaspError) else None
            raise WorldError(
                f"{error}; and putting things back failed: {second}",
                where=self.instance.config,
                hint="\n".join(part for part in (said, second.hint, kept) if part),
            ) from error
        if isinstance(error, HandclaspError):
            self._keep(error)
            error.what = f"{error.what}; everything was put back as it was before"

    def _keep(self, error: HandclaspError) -> None:
        with contextlib.suppress(HandclaspError):  # a full disk may be why it failed
            apply_stage.keep_failed(self.gear, self.instance, self.plan.files, f"{error.what}\n{error.hint or ''}")
            kept = f"what was tried is kept in {self.instance.failed}"
            error.hint = f"{error.hint}\n{kept}" if error.hint else kept

    def _note(self, journal: Journal, proven: tuple[Proven, ...]) -> None:
        """Write it into the history: from here on an interrupted apply counts as done."""
        if self.plan.files:
            probes = tuple((one.step.name, one.ok) for one in (*self.rehearsed, *proven))
            way = self.way
            apply_history.append(
                self.gear, self.instance, journal, kind=way.kind, about=journal.about, probes=probes, to=way.to
            )
            crashpoint("apply.noted")

    def _noted(self, journal: Journal) -> bool:
        last = apply_history.newest(self.gear, self.instance)
        return last is not None and last.id == journal.id

    def _applied(self, proven: tuple[Proven, ...]) -> Applied:
        return Applied(
            plan=self.plan,
            proven=(*self.rehearsed, *proven),
            recovered=self.recovered,
            started=self.started,
            reloaded=self.reloaded,
            serving=self.running or self.started,
            lingering=lingering(self.gear, self.instance) if self.running else NOTHING_LINGERS,
        )


def failure_of(failed: list[Proven]) -> str:
    """The first of some failed probes, in words."""
    first = failed[0]
    return f"the proof failed: {first.step.name} should be {first.step.expect.value}, and got {first.seen}"


def failures_of(failed: list[Proven]) -> str:
    """All of them, a line each, and what helps where one of nginx's own rules is in the way."""
    lines = [f"{one.step.name}: {one.seen}, not {one.step.expect.value}" for one in failed]
    if any(_OTHER_VERSION in one.seen for one in failed):
        lines.append(
            f"before nginx {OWN_PROTOCOLS} an address has the TLS versions of its default server:"
            f" write ssl_protocols {' '.join(POLICIES['intermediate'].protocols)}; there"
        )
    return "\n".join(lines)


def roll_back(
    gear: Gear,
    instance: Instance,
    way: Way,
    *,
    keep: Callable[[str, bool], bool],
    prover: Callable[[Plan], Prover],
    adjust: Callable[[tuple[Change, ...]], tuple[Change, ...]] = lambda changes: changes,
) -> Applied:
    """Go back to what a change left: `way.to`, 0 for before the first, None for the one before the change in force.

    What `keep` names stays as it is today: a rollback never lets a revoked client in, and brings no old key back.
    `adjust` may have more of today stay: it is given the changes, and answers with those to make.
    Before the first apply nothing was there and nothing ran: then nginx is stopped.

    `way.force`: also files that were changed by hand since.

    Raises:
        InputError, UsageError: there is nothing to go back to.
        PolicyError: a file is not as the last change left it.
        WorldError, ProofError: as `apply_plan`; then everything is as before the rollback.
    """
    with holding(gear, instance, "rolling back") as recovered:
        known = apply_history.entries(gear, instance)
        to = apply_history.chosen(known, instance, way.to)
        plan = Plan(files=tuple(apply_history.back_to(gear, instance, to, keep)))
        if not way.force:
            apply_history.refuse_edited(known, plan.files)
        plan = replace(plan, files=adjust(plan.files))
        way = replace(way, kind=Kind.ROLLBACK, start=False, about=f"to {to}", to=to)
        if Planned(gear.files, plan.files).exists(instance.config):
            return _Run(gear, instance, plan, prover(plan), way, recovered).go()
        running = gear.nginx.running(prefix=instance.prefix, config=instance.config)
        journal = journal_of(gear, plan.files, running=running, forward=False, about=way.about)
        write_journal(gear, instance.journal, journal)
        crashpoint("apply.journal-durable")
        gear.nginx.stop(prefix=instance.prefix, config=instance.config)
        put(gear, plan.files)
        apply_history.append(gear, instance, journal, kind=way.kind, about=way.about, to=to)
        gear.files.remove(instance.journal)
        return Applied(plan=plan, proven=(), recovered=recovered, started=False, reloaded=False, serving=False)
