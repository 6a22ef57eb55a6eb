"""What was done to an nginx, in order: when, by whom, what changed, what was proven; and enough to go back to any of it.

Each change is two files in the notes: first the former contents, then the entry. The entry is what makes a change count as
done: a run that is killed before it is written is put back, one killed after it stays.
"""

import hashlib
import posixpath
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum

import msgspec

from handclasp.app.apply_state import Change, Gear, Instance, Journal, now
from handclasp.model.errors import InputError, PolicyError, UsageError, WorldError
from handclasp.model.plan import RemoveFile, WriteFile

MOST_ENTRIES = 200
_MOST_BYTES = 64 * 1024 * 1024


class Kind(StrEnum):
    """Why an nginx was changed."""

    APPLY = "apply"
    REVOKE = "revoke"
    ROLLBACK = "rollback"
    EDIT = "edit"
    OBSERVE = "observe"
    REFRESH = "refresh"

    @property
    def forward(self) -> bool:
        """Whether it brings revocations: then it is completed, not taken back, and no configuration that one goes back from."""
        return self in {Kind.REVOKE, Kind.REFRESH}


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """One file; hashes are SHA-256 in hex, None: not there."""

    path: str
    mode: int
    before: str | None
    after: str | None

    @property
    def action(self) -> str:
        """What was done to it."""
        return "create" if self.before is None else "remove" if self.after is None else "replace"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `to`: of a rollback, the number of the change whose state came back. `failed`: probes that saw otherwise."""

    number: int
    id: str
    at: datetime
    actor: str
    kind: Kind
    about: str
    files: tuple[Touched, ...]
    probes: int
    failed: tuple[str, ...] = ()
    to: int | None = None
    running: bool = True


def entries(gear: Gear, instance: Instance) -> tuple[Entry, ...]:
    """Every change that is still remembered, oldest first. WorldError when the note of one is damaged."""
    return tuple(_entry(gear, path) for path in _paths(gear, instance))


def newest(gear: Gear, instance: Instance) -> Entry | None:
    """The last change."""
    paths = _paths(gear, instance)
    return _entry(gear, paths[-1]) if paths else None


def append(
    gear: Gear,
    instance: Instance,
    journal: Journal,
    *,
    kind: Kind,
    about: str,
    probes: Iterable[tuple[str, bool]] = (),
    to: int | None = None,
) -> None:
    """Note that a journal's changes are done and proven; from here on they count."""
    last = newest(gear, instance)
    number = last.number + 1 if last else 1
    seen = tuple(probes)
    folder = _folder(instance)
    gear.files.make_folder(folder, mode=0o700)
    contents = {one.path: one.before for one in journal.entries}
    packed = zlib.compress(msgspec.json.encode(contents), 6)
    gear.files.write(f"{folder}/{number:06}.before", packed, mode=0o600)
    entry = Entry(
        number=number,
        id=journal.id,
        at=journal.at,
        actor=gear.actor,
        kind=kind,
        about=about,
        files=tuple(
            Touched(path=one.path, mode=one.mode, before=_hash(one.before), after=_hash(one.after)) for one in journal.entries
        ),
        probes=len(seen),
        failed=tuple(name for name, ok in seen if not ok),
        to=to,
        running=journal.running,
    )
    gear.files.write(f"{folder}/{number:06}.json", msgspec.json.encode(entry), mode=0o600)
    _prune(gear, instance, number)


def standing(known: tuple[Entry, ...]) -> int:
    """The number of the change whose configuration is in force: revocations do not count, and a rollback leads back."""
    by_number = {entry.number: entry for entry in known}
    number = known[-1].number if known else 0
    while (entry := by_number.get(number)) is not None:
        if entry.kind is Kind.ROLLBACK and entry.to is not None:
            number = entry.to
        elif entry.kind.forward:
            number -= 1
        else:
            return number
    return number


def chosen(known: tuple[Entry, ...], instance: Instance, number: int | None) -> int:
    """The change to go back to: the one named, or the one before the change in force.

    Raises:
        InputError: there is nothing to take back.
        UsageError: there is no change of that number, or what it left is no longer kept.
    """
    if not known or (number is None and standing(known) == 0):
        raise InputError("there is no apply to take back", where=instance.folder)
    if number is None:
        return standing(known) - 1
    oldest, last = known[0].number - 1, known[-1].number
    if not oldest <= number <= last:
        raise UsageError(
            f"there is no change {number} to go back to: {oldest} to {last} are kept", hint="handclasp nginx history"
        )
    return number


def contents_after(gear: Gear, instance: Instance, number: int) -> dict[str, tuple[int, bytes | None]]:
    """Mode and content that each file had after a change, for all files that were changed since; None: it was not there.

    Raises:
        UsageError: the contents of then are no longer kept.
    """
    found: dict[str, tuple[int, bytes | None]] = {}
    for entry in entries(gear, instance):
        if entry.number <= number:
            continue
        before = _before(gear, instance, entry.number)
        for file in entry.files:
            content = before[file.path]
            found.setdefault(file.path, (file.mode, None if content is None else b64decode(content)))
    return found


def back_to(gear: Gear, instance: Instance, number: int, keep: Callable[[str, bool], bool]) -> Iterator[Change]:
    """The changes that bring back what a change left, as far as they are still to be made.

    `keep` is asked with a path, and whether it was there then: what it keeps stays as it is today.
    """
    for path, (mode, content) in contents_after(gear, instance, number).items():
        there = now(gear.files, path)
        if content == there or (there is not None and keep(path, content is not None)):
            continue
        if content is not None:
            yield WriteFile(path=path, content=content, mode=mode, before=there)
        elif there is not None:
            yield RemoveFile(path=path, before=there)


def refuse_edited(known: tuple[Entry, ...], changes: Iterable[Change]) -> None:
    """PolicyError for a file that is not as the last change of it left it: somebody's work would be lost."""
    left = {file.path: file.after for entry in known for file in entry.files}
    for change in changes:
        there = None if change.before is None else hashlib.sha256(change.before).hexdigest()
        if there != left[change.path]:
            raise PolicyError(
                "was changed by hand since Handclasp wrote it; nothing was taken back",
                where=change.path,
                hint="--force takes it back all the same",
            )


def _before(gear: Gear, instance: Instance, number: int) -> dict[str, str | None]:
    path = f"{_folder(instance)}/{number:06}.before"
    if not gear.files.exists(path):
        raise UsageError(
            f"what change {number} replaced is no longer kept, so nothing before it can come back",
            hint="handclasp nginx history",
        )
    try:
        return msgspec.json.decode(zlib.decompress(gear.files.read(path)), type=dict[str, str | None])
    except (msgspec.DecodeError, zlib.error) as error:
        raise WorldError(f"the note of a change is damaged: {error}", where=path, hint="restore it from a backup") from error


def _prune(gear: Gear, instance: Instance, last: int) -> None:
    """The oldest entries go when there are too many; their contents earlier, when they are large."""
    held = 0
    for path in reversed(_paths(gear, instance)):
        number = int(posixpath.basename(path).removesuffix(".json"))
        contents = f"{_folder(instance)}/{number:06}.before"
        if gear.files.exists(contents):
            held += len(gear.files.read(contents))
            if number != last and (held > _MOST_BYTES or number <= last - MOST_ENTRIES):
                gear.files.remove(contents)
        if number <= last - MOST_ENTRIES:
            gear.files.remove(path)


def _paths(gear: Gear, instance: Instance) -> tuple[str, ...]:
    escaped = "".join(f"[{character}]" if character in "*?[" else character for character in _folder(instance))
    return gear.files.glob(f"{escaped}/[0-9]*.json")


def _entry(gear: Gear, path: str) -> Entry:
    try:
        return msgspec.json.decode(gear.files.read(path), type=Entry)
    except msgspec.DecodeError as error:
        raise WorldError(f"the note of a change is damaged: {error}", where=path, hint="move it away") from error


def _folder(instance: Instance) -> str:
    return posixpath.join(instance.notes, "history")


def _hash(content: str | None) -> str | None:
    return None if content is None else hashlib.sha256(b64decode(content)).hexdigest()
