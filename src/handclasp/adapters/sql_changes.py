"""Tells a process that lasts whether the registry changed, is gone, or was moved away: asked before each answer."""

import contextlib
import logging
import os
import threading
import time
from typing import Any

from sqlalchemy import Engine

from handclasp.adapters.sql_mark import GONE_TO, refuse_gone
from handclasp.model.errors import WorldError

log = logging.getLogger("handclasp.registry")

_DATA_VERSION = "PRAGMA data_version"
_LAST_EVENT = f"SELECT coalesce(max(sequence), 0), ({GONE_TO}) FROM audit_event"  # noqa: S608 - words of ours
_LONG = 1.0  # seconds without an answer, after which nobody else is made to wait for it
_PAUSE = 0.5
_LOOKED = 0.25  # seconds for which a file that was in its place is taken to be there still


class Changes:
    """Tells whether the database changed, on a connection of its own that never writes.

    SQLite's data_version is another number after each commit of any other connection, for the price of a look at shared
    memory; elsewhere it is the number of the last audit event, which every change has. A database that does not answer at all
    is waited for once: until somebody beside reaches it again, everybody who asks is told at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file, self._looked = _file_of(engine), 0.0
        self._where = str(engine.url)
        self._query = _DATA_VERSION if engine.dialect.name == "sqlite" else _LAST_EVENT
        self._lock = threading.Lock()
        self._cursor: Any = None
        self._unmarked: int | None = None  # SQLite's number when nothing said that the registry was moved
        self._away: threading.Event | None = None

    def check(self) -> None:
        """WorldError when the file was moved away or replaced: open connections still have the old one, and nobody else has."""
        if self._file is None:
            return
        path, opened = self._file
        if _identity(path) != opened:
            self._looked = 0.0
            raise WorldError(
                "the registry was moved or replaced while this process used it",
                where=path,
                hint="start this process again: it goes on with the registry that is there now",
            )

    def number(self) -> int:
        """The present number."""
        where = self._where
        start = time.monotonic()
        if start - self._looked > _LOOKED:
            self.check()
            self._looked = start
        with self._lock:
            if self._away is not None:
                raise WorldError("the registry cannot be asked: its server does not answer", where=where)
            start = time.monotonic()
            try:
                number, moved = self._ask()
            except Exception as error:
                self._close()  # the connection may be broken: the next question opens another
                if time.monotonic() - start > _LONG:
                    self._away = threading.Event()
                    threading.Thread(target=self._come_back, args=(self._away,), daemon=True).start()
                raise WorldError(f"the registry cannot be asked: {error}", where=where) from error
        refuse_gone(moved, where)
        return number

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._close()
            if self._away is not None:
                self._away.set()
                self._away = None

    def _close(self) -> None:
        if self._cursor is not None:
            self._cursor = None
            with contextlib.suppress(Exception):  # it may be broken already
                self._connection.invalidate()

    def _ask(self) -> tuple[int, str | None]:
        """The number, and what says that the registry was moved."""
        if self._cursor is None:
            self._connection, self._cursor = self._opened()
        self._cursor.execute(self._query)
        found = self._cursor.fetchone()
        if self._query is _LAST_EVENT:
            return int(found[0]), found[1]
        number, moved = int(found[0]), None
        if number != self._unmarked:
            rows = self._cursor.execute(GONE_TO).fetchall()
            moved = rows[0][0] if rows else None
            self._unmarked = None if moved else number
        return number, moved

    def _opened(self) -> tuple[Any, Any]:
        connection = self._engine.raw_connection()
        if self._query is _LAST_EVENT:
            driver: Any = connection.driver_connection
            driver.autocommit = True  # no transaction stays open between two questions
        return connection, connection.cursor()

    def _come_back(self, left: threading.Event) -> None:
        """Try until the server answers, or until this is closed."""
        while not left.wait(_PAUSE):
            try:
                connection, cursor = self._opened()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                log.info("the registry is still away: %s", error)
                continue
            with self._lock:
                if self._away is left:
                    self._connection, self._cursor, self._away = connection, cursor, None
                else:
                    connection.close()
            return


def _file_of(engine: Engine) -> tuple[str, tuple[int, int] | None] | None:
    """Path and identity of the file of a database that can be written; None: it is none, or on a read-only file system."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or path is None or "uri" in engine.url.query:
        return None
    return path, _identity(path)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def changes_of(engine: Engine) -> Changes:
    """Watches this database; opens nothing before it is asked."""
    return Changes(engine)
