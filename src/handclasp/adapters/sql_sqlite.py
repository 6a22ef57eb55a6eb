"""The connections of one process to the registry in a SQLite file: one that writes, one that answers short questions.

A process that lasts keeps both open. Its threads are in line for them; processes are in line by SQLite's own lock, which a
writer takes at once: to upgrade a read lock later could fail in the middle.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select
from sqlalchemy.pool import NullPool

from handclasp.adapters.sql_driven import Driven, driver_of

_PATIENCE = 5.0  # seconds for a transaction that is under way when everything is closed


class _Line:
    """A connection, for one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keep = not isinstance(engine.pool, NullPool)
        self._turn = threading.RLock()
        self._kept: tuple[Connection, sqlite3.Connection] | None = None

    @contextlib.contextmanager
    def taken(self) -> Iterator[tuple[Connection, sqlite3.Connection]]:
        """It, and the driver's own. What ends with an exception ends with a rollback: the connection is given back."""
        with self._turn:
            held = self._kept or self._opened()
            self._kept = None
            try:
                yield held
            except BaseException:
                held[0].close()
                raise
            if self._keep:
                self._kept = held
            else:
                held[0].close()

    def close(self) -> None:
        """Let it go."""
        if self._turn.acquire(timeout=_PATIENCE):
            try:
                if self._kept is not None:
                    self._kept[0].close()
                    self._kept = None
            finally:
                self._turn.release()

    def _opened(self) -> tuple[Connection, sqlite3.Connection]:
        connection = self._engine.connect()
        return connection, driver_of(connection)


class FileLines:
    """Who may change the file now, and who may ask. One object for each store; safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.driven = Driven(engine.dialect)
        self._writing, self._asking = _Line(engine), _Line(engine)

    @contextlib.contextmanager
    def exclusive(self, _where: str) -> Iterator[None]:
        """Nothing to do: a home with a file has a lock of its own."""
        yield

    @contextlib.contextmanager
    def transaction(self, _where: str) -> Iterator[Connection]:
        """A transaction that changes something; begun and ended on the driver, so that SQLAlchemy costs only who uses it."""
        with self._writing.taken() as (connection, driver):
            driver.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()  # what SQLAlchemy believes to have begun, if it was used
            driver.commit()

    def rows(self, statement: Select[Any], asked: dict[str, Any]) -> list[Row[Any]]:
        """The answer to a short question, as everything committed until now has it."""
        with self._asking.taken() as (_, driver):
            return self.driven.rows(driver, statement, asked)

    def close(self) -> None:
        """Let both connections go."""
        self._writing.close()
        self._asking.close()
