"""Applies edits of somebody else's configuration, such as a remedy: tested, switched, proven, or put back."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

from handclasp.app.apply import Applied, Proven, Prover, Way, apply_plan, roll_back
from handclasp.app.apply_history import Kind
from handclasp.app.apply_place import kept_in_rollback
from handclasp.app.apply_proof import as_words
from handclasp.app.apply_state import Change, Gear, Instance, now
from handclasp.app.probe import refused
from handclasp.model.errors import PolicyError
from handclasp.model.finding import FileEdit
from handclasp.model.plan import Expect, Plan, ProbeStep, WriteFile
from handclasp.model.probe import ProbeRequest

_NEW_FILE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One request to make after the reload, and what must come of it."""

    name: str
    request: ProbeRequest
    expect: Expect


def apply_edits(gear: Gear, instance: Instance, edits: tuple[FileEdit, ...], knocks: tuple[Knock, ...] = ()) -> Applied:
    """Write the edits and reload this nginx if it runs; it is never started.

    Links are followed: what they point to is edited, and they stay.

    Raises:
        PolicyError: a file is not what the edits were made for.
        InputError: the edited configuration has a syntax error.
        apply.ProofError, WorldError: nginx or the proof refused it; everything was put back, and nginx reloaded again.
    """
    return apply_plan(
        gear,
        instance,
        lambda: plan_edits(gear, edits, knocks),
        lambda _plan: _Knocker(gear, knocks),
        Way(kind=Kind.EDIT, start=False),
    )


def take_back(
    gear: Gear,
    instance: Instance,
    number: int | None = None,
    *,
    force: bool = False,
    adjust: Callable[[tuple[Change, ...]], tuple[Change, ...]],
    prover: Callable[[Plan], Prover],
) -> Applied:
    """Go back to what a change of this nginx left; None: before the last one. See `apply.roll_back`.

    The CRLs, CAs and keys of sites that Handclasp put beside them stay.
    """
    keep = kept_in_rollback(f"{instance.folder}/handclasp")
    return roll_back(gear, instance, Way(force=force, to=number), keep=keep, adjust=adjust, prover=prover)


def plan_edits(gear: Gear, edits: tuple[FileEdit, ...], knocks: tuple[Knock, ...] = ()) -> Plan:
    """What `apply_edits` would do, for a dry run."""
    files = tuple(_written(gear, edit) for edit in edits)
    about = ", ".join(dict.fromkeys(os.path.basename(change.path) for change in files))  # noqa: PTH119
    return Plan(files=files, probes=tuple(ProbeStep(name=knock.name, expect=knock.expect) for knock in knocks), about=about)


def _written(gear: Gear, edit: FileEdit) -> WriteFile:
    path = os.path.realpath(edit.path)
    there = now(gear.files, path)
    if there != edit.before:
        raise PolicyError(
            "was changed since the edits were made; nothing was applied", where=edit.path, hint="run the diagnosis again"
        )
    mode = _NEW_FILE if there is None else stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116
    return WriteFile(path=path, content=edit.after, mode=mode, before=there)


class _Knocker:
    """apply.Prover for requests that somebody else thought of."""

    def __init__(self, gear: Gear, knocks: tuple[Knock, ...]) -> None:
        self._gear = gear
        self._knocks = {knock.name: knock for knock in knocks}

    def before(self) -> None:
        """Nothing to save: these edits revoke nobody."""

    def after(self, steps: tuple[ProbeStep, ...]) -> tuple[Proven, ...]:
        """Knock once for each step."""
        return tuple(self._prove(step) for step in steps)

    def _prove(self, step: ProbeStep) -> Proven:
        seen = self._gear.probe.ask(self._knocks[step.name].request)
        inside = not seen.unreachable and not refused(seen)
        ok = inside if step.expect is Expect.ADMITTED else not inside and not seen.unreachable
        return Proven(step=step, ok=ok, seen=as_words(seen))
