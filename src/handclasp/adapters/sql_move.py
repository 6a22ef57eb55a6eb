"""Moves the registry of a home into a PostgreSQL database, and back. Killed anywhere, at most one registry is in use.

The steps are the same both ways. The copy is made with a mark that it is not in use yet; in the lock under which it was read,
the registry that is left gets a mark that it is not in use any more (sql_mark); then the home's pointer changes, and then the
copy loses its mark. What was cut off between is gone on with by the same command: two registries that are both marked
and have the same last event are the two ends of one move.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from handclasp.adapters.sql_mark import ARRIVING, GONE, Gone, file_here, gone_of, refuse_gone
from handclasp.adapters.sql_store import SqlStore
from handclasp.model.errors import Bug, PolicyError, UsageError
from handclasp.pki.audit_chain import chain_faults
from handclasp.ports.files import FileTree

MOVED = ".moved"
"""What the file of a registry that was moved away ends with."""
_PART, _WHOLE = ".part", ".new"
"""What the file of a copy ends with while it is written, and while the other registry is still in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a move works with. The caller holds the home's lock.

    Args:
        files: of this machine.
        registry: the path of the home's own registry.
        pointer: the path of the file that says where it is instead.
        crashed: told where a test may let it die.
        now: for the marks and the audit log.
        actor: who moves it.
    """

    files: FileTree
    registry: str
    pointer: str
    crashed: Callable[[str], None]
    now: datetime
    actor: str

    def out(self, url: str) -> dict[str, int]:
        """From the file into the database; the number of rows by table.

        Raises:
            UsageError: the registry is in a database already, or the URL is none.
            PolicyError: there is a registry in that database, or the URL holds a password.
            WorldError: the database cannot be reached; the home is as it was.
        """
        if self.files.exists(self.pointer):
            return self._arrived_out(url)
        if not self.files.exists(self.registry):
            raise UsageError("there is no registry to move", where=self.registry, hint="handclasp init")
        source, target = SqlStore.sqlite(self.registry, moving=True), SqlStore.postgresql(url, moving=True)
        self._refuse_arriving(source, self.registry)
        gone = source.value(GONE)
        if not gone:
            with source.begin() as leaving:  # nobody changes it between the copy and the mark
                source.move_to(target, leaving=file_here(self.registry))
                _judge(source, target)
                self.crashed("store.copied-out")
                leaving.set_value(GONE, Gone(url, self.now).text())
            self.crashed("store.marked-out")
        elif gone_of(gone).to != url or not _knows(target, source):
            refuse_gone(gone, self.registry)
        source.close()
        self.files.write(self.pointer, url.encode() + b"\n", mode=0o600)
        self.crashed("store.pointed-out")
        return self._arrived_out(url)

    def back(self) -> dict[str, int]:
        """From the database into the file; the database keeps a copy, marked as one that nobody may use any more.

        Raises:
            UsageError: the registry is in this home.
            WorldError: the database cannot be reached, or its registry was moved elsewhere.
        """
        if not self.files.exists(self.pointer):
            if self.files.exists(self.registry):
                refuse_gone(_setting(self.registry, GONE), self.registry)
            if not self.files.exists(self.registry) or not _setting(self.registry, ARRIVING):
                raise UsageError("the registry is in this home", where=self.registry, hint="handclasp store show")
            return self._arrived_back()
        url, fresh = self._url(), self.registry + _WHOLE
        source = SqlStore.postgresql(url, moving=True)
        self._refuse_arriving(source, url)
        gone = source.value(GONE)
        if not gone:
            self._copied_back(source, url, fresh)
        elif not any(self._is_end_of(source, copy) for copy in (fresh, self.registry)):
            refuse_gone(gone, url)
        if self.files.exists(fresh):
            _drop_wal(self.registry)  # of a file that nobody uses: the pointer is there still
            self.files.move(fresh, self.registry)
        self.crashed("store.written-back")
        self.files.remove(self.pointer)
        self.crashed("store.unpointed-back")
        return self._arrived_back()

    def reopened(self) -> tuple[SqlStore, Gone]:
        """The registry that this home points to, although it was moved away, and where to. UsageError: it was not."""
        pointed = self.files.exists(self.pointer)
        where = self._url() if pointed else self.registry
        store = SqlStore.postgresql(where, moving=True) if pointed else SqlStore.sqlite(where, moving=True)
        gone = store.value(GONE)
        if not gone:
            raise UsageError("this registry was not moved away", where=where, hint="handclasp store show")
        return store, gone_of(gone)

    def _copied_back(self, source: SqlStore, url: str, whole: str) -> None:
        part = self.registry + _PART
        for leftover in (whole, part):
            self.files.remove(leftover)
            _drop_wal(leftover)
        with source.exclusive():
            target = SqlStore.sqlite(part, moving=True)
            source.move_to(target, leaving=url)
            _judge(source, target)
            target.close()  # SQLite puts everything into the one file
            if os.path.exists(part + "-wal") and os.path.getsize(part + "-wal"):
                raise Bug("the copy of the registry is open still", where=part, hint="the registry stays where it was")
            _drop_wal(part)
            self.files.move(part, whole)  # it has a name that lasts before the other registry is given up
            self.crashed("store.copied-back")
            with source.begin() as leaving:
                leaving.set_value(GONE, Gone(file_here(self.registry), self.now).text())
        self.crashed("store.marked-back")

    def _is_end_of(self, source: SqlStore, path: str) -> bool:
        if not self.files.exists(path) or not _setting(path, ARRIVING):
            return False
        copy = SqlStore.sqlite(path, moving=True)
        try:
            return copy.last_audit_event() == source.last_audit_event()
        finally:
            copy.close()

    def _arrived_out(self, url: str) -> dict[str, int]:
        if self._url() != url:
            raise UsageError("the registry is in a database already", where=self.pointer, hint="handclasp store show")
        target = SqlStore.postgresql(url, moving=True)
        refuse_gone(target.value(GONE), url)
        if not target.value(ARRIVING) and not self.files.exists(self.registry):
            raise UsageError("the registry is in a database already", where=self.pointer, hint="handclasp store show")
        counted = self._in_use(target, url)
        self.crashed("store.arrived-out")
        if self.files.exists(self.registry):
            os.rename(self.registry, self.registry + MOVED)
            _drop_wal(self.registry)
        return counted

    def _arrived_back(self) -> dict[str, int]:
        target = SqlStore.sqlite(self.registry, moving=True)
        counted = self._in_use(target, file_here(self.registry))
        target.close()
        self.files.remove(self.registry + MOVED)
        return counted

    def _in_use(self, target: SqlStore, where: str) -> dict[str, int]:
        """From now on; how many rows of each table it came with."""
        counted = target.sizes()
        left = target.value(ARRIVING)
        if left:
            with target.begin() as arriving:
                arriving.set_value(ARRIVING, "")
                details = {"from": left}
                arriving.audit(at=self.now, actor=self.actor, action="registry-moved", subject=where, details=details)
        return counted

    def _refuse_arriving(self, source: SqlStore, where: str) -> None:
        left = source.value(ARRIVING)
        if left:
            hint = f"first let it end: handclasp store migrate {'sqlite' if where == self.registry else where}"
            raise PolicyError(f"the registry is on its way here from {left}, and not in use yet", where=where, hint=hint)

    def _url(self) -> str:
        return self.files.read(self.pointer).decode().strip()


def point_out(files: FileTree, url: str, *, registry: str, pointer: str) -> None:
    """Have a home that has no registry yet keep it in a database; nothing to do when it says so already.

    Raises:
        UsageError: the home has its registry elsewhere already, or the URL is none.
        PolicyError: there is a registry in that database, or the URL holds a password.
        WorldError: the database cannot be reached.
    """
    if files.exists(pointer) and files.read(pointer).decode().strip() == url:
        return
    if files.exists(pointer) or files.exists(registry):
        raise UsageError("this home has a registry already", where=registry, hint="handclasp store migrate URL     moves it")
    store = SqlStore.postgresql(url)
    try:
        if store.authorities():
            hint = "to share it, copy keys/, ca/ and registry.url from the home it belongs to"
            raise PolicyError("there is a registry there already", where=url, hint=hint)
    finally:
        store.close()
    files.write(pointer, url.encode() + b"\n", mode=0o600)


def _setting(registry: str, key: str) -> str | None:
    store = SqlStore.sqlite(registry, moving=True)
    try:
        return store.value(key)
    finally:
        store.close()


def _knows(target: SqlStore, source: SqlStore) -> bool:
    """Whether all that happened in the source happened in the target too: each event holds those before."""
    last = source.last_audit_event()
    return last is not None and next(iter(target.audit_events(after=last.sequence - 1)), None) == last


def _judge(source: SqlStore, target: SqlStore) -> None:
    faults = chain_faults(target.audit_events())
    if faults or target.last_audit_event() != source.last_audit_event():
        raise Bug("the audit log is not whole after it was copied", hint="the registry stays where it was")


def _drop_wal(registry: str) -> None:
    """Of a database whose connections are all closed; SQLite left them empty."""
    for leftover in (registry + "-wal", registry + "-shm"):
        if os.path.exists(leftover):
            os.unlink(leftover)
