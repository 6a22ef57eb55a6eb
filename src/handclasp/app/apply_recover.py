"""What an interrupted run left is put right before anything else: completed where it revoked somebody, else put back."""

import contextlib
from collections.abc import Iterator

from handclasp.app import apply_history, apply_stage
from handclasp.app.apply_history import Kind
from handclasp.app.apply_state import Gear, Instance, Journal, backward, onward, put, read_journal
from handclasp.app.crashpoint import crashpoint
from handclasp.app.half_written import sweep
from handclasp.model.errors import WorldError

LONGEST_WAIT = 300.0
"""So many seconds a run waits for others that change the same nginx."""


@contextlib.contextmanager
def holding(gear: Gear, instance: Instance, purpose: str) -> Iterator[str | None]:
    """Hold this nginx's lock, with what an interrupted run left put right first; yields a sentence about that, or None."""
    gear.files.make_folder(instance.folder)
    gear.files.make_folder(instance.notes, mode=0o700)
    with gear.files.lock(instance.lock, purpose=purpose, timeout=LONGEST_WAIT):
        yield recover(gear, instance)


def unfinished(gear: Gear, instance: Instance) -> bool:
    """Whether an interrupted run left its journal."""
    return gear.files.exists(instance.journal)


def recover(gear: Gear, instance: Instance) -> str | None:
    """Deal with the journal of an interrupted run; the lock must be held. A sentence about what was done, or None.

    When the files are back and nginx does not take them, the journal stays: what is planned next may be what it lacks, and
    whoever applies that reloads in any case (see `_Run`).

    Raises:
        WorldError: the files cannot be put back.
    """
    apply_stage.clean(gear, instance)
    sweep(gear.files, {instance.folder, instance.notes})
    journal = read_journal(gear, instance.journal)
    if journal is None:
        return None
    sweep(gear.files, {entry.path.rpartition("/")[0] for entry in journal.entries})
    last = apply_history.newest(gear, instance)
    if last is not None and last.id == journal.id:
        gear.files.remove(instance.journal)
        return None
    if journal.forward:
        return _complete(gear, instance, journal)
    for change in backward(journal):
        put(gear, (change,))
    try:
        put_back(gear, instance, journal)
    except WorldError as error:
        return f"an interrupted apply was found and its files put back, and nginx did not take them: {error.what}"
    return "an interrupted apply was found and put back first"


def _complete(gear: Gear, instance: Instance, journal: Journal) -> str:
    """A revocation is not taken back by a crash; if nginx cannot take it, the files it runs with come back."""
    put(gear, onward(journal))
    try:
        if gear.nginx.running(prefix=instance.prefix, config=instance.config):
            gear.nginx.reload(prefix=instance.prefix, config=instance.config)
    except WorldError:
        put_back(gear, instance, journal)
        return "an interrupted revocation was found; nginx did not take it, so its files were put back first"
    apply_history.append(gear, instance, journal, kind=Kind.REVOKE, about=journal.about)
    gear.files.remove(instance.journal)
    return "an interrupted revocation was found and completed first"


def put_back(gear: Gear, instance: Instance, journal: Journal) -> None:
    """Files as before, nginx as before; then the journal goes. A machine that was restarted meanwhile keeps nginx stopped."""
    for change in backward(journal):
        put(gear, (change,))
        crashpoint("apply.back-file")
    if gear.nginx.running(prefix=instance.prefix, config=instance.config):
        if journal.running:
            gear.nginx.reload(prefix=instance.prefix, config=instance.config)
        else:
            gear.nginx.stop(prefix=instance.prefix, config=instance.config)
    crashpoint("apply.back-reloaded")
    gear.files.remove(instance.journal)
