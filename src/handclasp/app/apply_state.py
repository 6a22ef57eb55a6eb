"""What an apply works on and with, and its journal: the bytes from before and after, durable until the end is known."""

import posixpath
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from handclasp.app.sandbox import SandboxTools
from handclasp.model.control import PLAIN, NginxControl
from handclasp.model.errors import WorldError
from handclasp.model.plan import RemoveFile, WriteFile
from handclasp.ports.clock import Clock, Entropy
from handclasp.ports.files import FileTree
from handclasp.ports.nginx import Nginx
from handclasp.ports.probe import Probe

Change = WriteFile | RemoveFile


@dataclass(frozen=True, slots=True)
class Gear:
    """The ports that an apply takes. `actor` is who is at work, for the history; `pause` waits so many seconds.

    `commanded` makes the nginx of a control, and `control` is whose files and nginx these are (see apply_place.gear_at).
    `sandbox`: what a rehearsal needs; None: there is none.
    """

    files: FileTree
    nginx: Nginx
    probe: Probe
    clock: Clock
    entropy: Entropy
    actor: str
    pause: Callable[[float], None]
    commanded: Callable[[NginxControl], Nginx]
    control: NginxControl = PLAIN
    sandbox: SandboxTools | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One nginx: `-p prefix -c config`, both absolute. Handclasp keeps its own notes beside the main configuration file."""

    prefix: str
    config: str

    @property
    def folder(self) -> str:
        """The folder of the main configuration file, the base of relative includes."""
        return posixpath.dirname(self.config)

    @property
    def notes(self) -> str:
        """Where journal and lock are; for the owner alone, because the journal may hold keys."""
        return posixpath.join(self.folder, ".handclasp")

    @property
    def journal(self) -> str:
        """There while an apply is on its way."""
        return posixpath.join(self.notes, "journal.json")

    @property
    def failed(self) -> str:
        """What the last apply that failed had tried, and why it failed."""
        return posixpath.join(self.notes, "failed.txt")

    @property
    def lock(self) -> str:
        """Held by whoever changes this nginx."""
        return posixpath.join(self.notes, "lock")

    @property
    def staged(self) -> str:
        """The folder of staged copies."""
        return posixpath.join(self.folder, ".staged")

    @property
    def staged_config(self) -> str:
        """The staged main file: in the folder of the real one, so that relative paths in it mean the same."""
        return posixpath.join(self.folder, ".staged.conf")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file; `before` and `after` are base64, None: not there."""

    path: str
    mode: int
    before: str | None
    after: str | None


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """One apply. `forward`: if interrupted it is completed, not taken back: a revocation must not be undone by a crash.

    `about`: for the history, in words.
    """

    id: str
    at: datetime
    running: bool
    forward: bool
    about: str
    entries: tuple[Entry, ...]


def journal_of(gear: Gear, changes: tuple[Change, ...], *, running: bool, forward: bool, about: str) -> Journal:
    """The journal of these changes, with a fresh id."""
    return Journal(
        id=gear.entropy.bytes(16).hex(),
        at=gear.clock.now(),
        running=running,
        forward=forward,
        about=about,
        entries=tuple(_entry(change) for change in changes),
    )


def _entry(change: Change) -> Entry:
    before = None if change.before is None else b64encode(change.before).decode()
    if isinstance(change, RemoveFile):
        return Entry(path=change.path, mode=0o600, before=before, after=None)
    return Entry(path=change.path, mode=change.mode, before=before, after=b64encode(change.content).decode())


def write_journal(gear: Gear, path: str, journal: Journal) -> None:
    """Make a journal durable."""
    gear.files.make_folder(posixpath.dirname(path), mode=0o700)
    gear.files.write(path, msgspec.json.encode(journal), mode=0o600)


def read_journal(gear: Gear, path: str) -> Journal | None:
    """A journal, or None when there is none. WorldError when it is damaged: then nobody knows what was changed."""
    if not gear.files.exists(path):
        return None
    try:
        return msgspec.json.decode(gear.files.read(path), type=Journal)
    except msgspec.DecodeError as error:
        raise WorldError(
            f"the journal of the last apply is damaged: {error}",
            where=path,
            hint="compare the configuration with a backup, then move this file away",
        ) from error


def backward(journal: Journal) -> tuple[Change, ...]:
    """What puts everything back, last change first."""
    return tuple(_change(entry.path, entry.mode, entry.before, entry.after) for entry in reversed(journal.entries))


def onward(journal: Journal) -> tuple[Change, ...]:
    """What the journal meant to do."""
    return tuple(_change(entry.path, entry.mode, entry.after, entry.before) for entry in journal.entries)


def _change(path: str, mode: int, content: str | None, before: str | None) -> Change:
    old = None if before is None else b64decode(before)
    if content is None:
        return RemoveFile(path=path, before=old or b"")
    return WriteFile(path=path, content=b64decode(content), mode=mode, before=old)


def put(gear: Gear, changes: tuple[Change, ...]) -> None:
    """Bring files to what the changes say. May stop anywhere and be called again; a file that says so already is left alone."""
    for change in changes:
        if isinstance(change, RemoveFile):
            gear.files.remove(change.path)
        elif now(gear.files, change.path) != change.content:
            gear.files.make_folder(posixpath.dirname(change.path))
            # What was somebody's stays theirs; a private key is for whoever runs this.
            keep = change.before is not None and b"PRIVATE KEY" not in change.content
            gear.files.write(change.path, change.content, mode=change.mode, keep_owner=keep)


def now(files: FileTree, path: str) -> bytes | None:
    """What is in a file, None when there is none."""
    return files.read(path) if files.exists(path) else None
