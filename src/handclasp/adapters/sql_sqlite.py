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
from handclasp.adapters.sql_engine import failures
from handclasp.adapters.sql_mark import GONE_TO, refuse_gone
from handclasp.adapters.sql_transaction import SqlTransaction
from handclasp.pki.audit_chain import GENESIS

_PATIENCE = 5.0  # seconds for a transaction that is under way when everything is closed
_FIRST = f"""
SELECT ({GONE_TO}), coalesce(sequence, 0), coalesce(digest, '{GENESIS}')
FROM (SELECT 1) LEFT JOIN (SELECT sequence, digest FROM audit_event ORDER BY sequence DESC LIMIT 1)
"""  # noqa: S608 - words of ours
"""What every transaction must know before it changes anything: whether the registry was moved, and its newest event."""


class _Line:
    """A connection, for one thread at a time: that which is in its `with` block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keep = not isinstance(engine.pool, NullPool)
        self._turn = threading.RLock()
        self._held: tuple[Connection, sqlite3.Connection] | None = None

    def idle(self) -> bool:
        """Whether it is open with nobody in a transaction. Who begins one at the same moment is waited for, which is rare."""
        held = self._held
        return held is not None and not held[1].in_transaction

    def __enter__(self) -> tuple[Connection, sqlite3.Connection]:
        """It, and the driver's own."""
        self._turn.acquire()
        try:
            if self._held is None:
                self._held = self._opened()
        except BaseException:
            self._turn.release()
            raise
        return self._held

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        """What ends with an exception ends with a rollback: the connection is given back."""
        try:
            if kind is not None or not self._keep:
                self._let_go()
        finally:
            self._turn.release()

    def close(self) -> None:
        """Let it go."""
        if self._turn.acquire(timeout=_PATIENCE):
            try:
                self._let_go()
            finally:
                self._turn.release()

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held[0].close()

    def _opened(self) -> tuple[Connection, sqlite3.Connection]:
        connection = self._engine.connect()
        return connection, driver_of(connection)


class FileLines:
    """Who may change the file now, and who may ask. One object for each store; safe to use from several threads.

    `moving`: for a move, which changes registries that are not in use.
    """

    def __init__(self, engine: Engine, *, moving: bool = False) -> None:
        self._moving = moving
        self.driven = Driven(engine.dialect)
        self._writing, self._asking = _Line(engine), _Line(engine)

    @contextlib.contextmanager
    def transaction(self, where: str) -> Iterator[SqlTransaction]:
        """A transaction that changes something; begun and ended on the driver, so that SQLAlchemy costs only who uses it."""
        with failures(where), self._writing as (connection, driver):
            driver.execute("BEGIN IMMEDIATE")
            moved, sequence, digest = driver.execute(_FIRST).fetchone()
            if not self._moving:
                refuse_gone(moved, where)
            yield SqlTransaction(connection, self.driven, (sequence, digest))
            connection.commit()  # what SQLAlchemy believes to have begun, if it was used
            driver.commit()

    def rows(self, statement: Select[Any], asked: dict[str, Any]) -> list[Row[Any]]:
        """The answer to a short question, as everything committed until now has it.

        On the connection that writes, if nobody is writing: it knows the pages that change already.
        """
        with self._writing if self._writing.idle() else self._asking as (_, driver):
            return self.driven.rows(driver, statement, asked)

    def close(self) -> None:
        """Let both connections go."""
        self._writing.close()
        self._asking.close()
