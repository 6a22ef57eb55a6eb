"""Moves the registry of a home into a PostgreSQL database, and back. Killed anywhere, exactly one registry is in use.

The pointer file decides which one: it is written after the copy is whole, and removed after the copy back is.
"""

import os
from collections.abc import Callable

from handclasp.adapters.sql_store import SqlStore
from handclasp.model.errors import Bug, PolicyError, UsageError
from handclasp.pki.audit_chain import chain_faults
from handclasp.ports.files import FileTree

MOVED = ".moved"
"""What the file of a registry that was moved away ends with."""


def move_out(files: FileTree, url: str, *, registry: str, pointer: str, crashed: Callable[[str], None]) -> dict[str, int]:
    """From the file into the database. The caller holds the home's lock.

    Raises:
        UsageError: the registry is in a database already, or the URL is none.
        PolicyError: there is a registry in that database, or the URL holds a password.
        WorldError: the database cannot be reached; the home is as it was.
    """
    if files.exists(pointer):
        raise UsageError("the registry is in a database already", where=pointer, hint="handclasp store show")
    if not files.exists(registry):
        raise UsageError("there is no registry to move", where=registry, hint="handclasp init")
    source, target = SqlStore.sqlite(registry), SqlStore.postgresql(url)
    moved = source.move_to(target)
    _judge(source, target)
    crashed("store.copied-out")
    files.write(pointer, url.encode() + b"\n", mode=0o600)
    crashed("store.pointed-out")
    os.rename(registry, registry + MOVED)
    _drop_wal(registry)
    return moved


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


def move_back(files: FileTree, *, registry: str, pointer: str, crashed: Callable[[str], None]) -> dict[str, int]:
    """From the database into the file; the database keeps its copy, which nobody should use any more."""
    if not files.exists(pointer):
        raise UsageError("the registry is in this home", where=registry, hint="handclasp store show")
    url = files.read(pointer).decode().strip()
    fresh = registry + ".new"
    for leftover in (fresh, fresh + "-wal", fresh + "-shm"):
        files.remove(leftover)
    source, target = SqlStore.postgresql(url), SqlStore.sqlite(fresh)
    with source.exclusive():
        moved = source.move_to(target)
        _judge(source, target)
    target.close()  # SQLite puts everything into the one file
    if os.path.exists(fresh + "-wal") and os.path.getsize(fresh + "-wal"):
        raise Bug("the copy of the registry is open still", where=fresh, hint="the registry stays where it was")
    _drop_wal(fresh)
    crashed("store.copied-back")
    _drop_wal(registry)  # of a file that nobody uses: the pointer is there still
    files.move(fresh, registry)
    crashed("store.written-back")
    files.remove(pointer)
    files.remove(registry + MOVED)
    return moved


def _judge(source: SqlStore, target: SqlStore) -> None:
    faults = chain_faults(target.audit_events())
    if faults or target.last_audit_event() != source.last_audit_event():
        raise Bug("the audit log is not whole after it was copied", hint="the registry stays where it was")


def _drop_wal(registry: str) -> None:
    """Of a database whose connections are all closed; SQLite left them empty."""
    for leftover in (registry + "-wal", registry + "-shm"):
        if os.path.exists(leftover):
            os.unlink(leftover)
