"""Which configuration an nginx runs with: the one on disk, the one from before an apply that was interrupted, or neither."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handclasp.app import apply_history
from handclasp.app.apply_state import Change, Gear, Instance, now, onward, read_journal
from handclasp.model.evidence import Evidence
from handclasp.model.plan import WriteFile


class Runs(StrEnum):
    """What an nginx runs with while an apply is half done. `MIXED`: it was reloaded when a part of the files was switched."""

    FORMER = "former"
    NEW = "new"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """An apply that did not come to its end. `switched` of `total` files are the new ones; `forward`: it will be completed."""

    at: datetime
    about: str
    forward: bool
    switched: int
    total: int
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """`loaded`: when the running nginx read its files, None where that cannot be told; `newer`: what changed since then."""

    loaded: datetime | None
    newer: tuple[str, ...]
    interrupted: Interrupted | None


def in_force(gear: Gear, instance: Instance, evidence: Evidence) -> InForce:
    """What an nginx of this machine runs with, from its files and their times. WorldError when its journal is damaged."""
    loaded = evidence.loaded
    newer = () if loaded is None else tuple(path for path, changed in sorted(evidence.changed.items()) if changed > loaded)
    return InForce(loaded=loaded, newer=newer, interrupted=_interrupted(gear, instance, loaded, evidence.changed))


def _interrupted(
    gear: Gear, instance: Instance, loaded: datetime | None, changed: Mapping[str, datetime]
) -> Interrupted | None:
    journal = read_journal(gear, instance.journal)
    last = apply_history.newest(gear, instance) if journal else None
    if journal is None or (last is not None and last.id == journal.id):
        return None
    changes = onward(journal)
    done = [change for change in changes if _is_there(gear, change)]
    return Interrupted(
        at=journal.at,
        about=journal.about,
        forward=journal.forward,
        switched=len(done),
        total=len(changes),
        runs=_runs(done, changes, loaded, max((changed.get(one.path, journal.at) for one in done), default=journal.at)),
    )


def _runs(done: list[Change], changes: tuple[Change, ...], loaded: datetime | None, last: datetime) -> Runs:
    """`last`: when the last of the switched files was written."""
    if not done:
        return Runs.FORMER
    if loaded is None:
        return Runs.UNKNOWN
    if loaded <= last:
        return Runs.FORMER
    return Runs.NEW if len(done) == len(changes) else Runs.MIXED


def _is_there(gear: Gear, change: Change) -> bool:
    return now(gear.files, change.path) == (change.content if isinstance(change, WriteFile) else None)
