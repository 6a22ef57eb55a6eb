"""ports.Store on SQL: SQLite by default, any database SQLAlchemy serves behind the same statements."""

import contextlib
import os
import tempfile
import weakref
from contextlib import AbstractContextManager

from sqlalchemy import Engine

from handclasp.adapters.sql_changes import Changes, changes_of
from handclasp.adapters.sql_copy import sizes
from handclasp.adapters.sql_engine import failures, migrate, snapshot, sqlite_engine
from handclasp.adapters.sql_mark import ARRIVING
from handclasp.adapters.sql_postgres import Lines, postgresql_engine
from handclasp.adapters.sql_questions import SqlQuestions
from handclasp.adapters.sql_sqlite import FileLines
from handclasp.adapters.sql_transaction import SqlTransaction


class SqlStore(SqlQuestions):
    """ports.Store.

    Args:
        engine: from sql_engine or sql_postgres.
        where: the database in words, for messages.
        moving: for a move, which alone may open a registry that is not in use (sql_mark).
    """

    def __init__(self, engine: Engine, where: str, *, moving: bool = False) -> None:
        migrate(engine, where, moving=moving)
        lines = Lines if engine.dialect.name == "postgresql" else FileLines
        super().__init__(engine, where, lines(engine, moving=moving))
        self._changes = changes_of(engine)
        # Not every holder ends a store; none may leave a connection open behind it.
        weakref.finalize(self, _let_go, self._changes, self._lines, engine)

    @classmethod
    def sqlite(cls, path: str, *, pooled: bool = False, moving: bool = False) -> "SqlStore":
        """The registry in a SQLite file, made when missing. `pooled`: for a process that asks it all day."""
        return cls(sqlite_engine(path, pooled=pooled), path, moving=moving)

    @classmethod
    def postgresql(cls, url: str, *, pooled: bool = False, moving: bool = False) -> "SqlStore":
        """The registry in a PostgreSQL database, made when it is empty. `pooled`: as for `sqlite`."""
        return cls(postgresql_engine(url, pooled=pooled), url, moving=moving)

    def close(self) -> None:
        """Let every connection go; a store that is asked again opens others."""
        _let_go(self._changes, self._lines, self._engine)

    def version(self) -> int:
        """A number that is another after every committed change, whoever made it."""
        return self._changes.number()

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep the processes of other hosts from changing anything; a file, whose home has a lock, need only be there still."""
        if not isinstance(self._lines, FileLines):
            return self._lines.exclusive(self._where)
        self._changes.check()
        return contextlib.nullcontext()

    def move_to(self, target: "SqlStore", *, leaving: str = "") -> dict[str, int]:
        """Copy everything into an empty registry, compare, and give the number of rows by table.

        `leaving`: what is left by it, in words; the copy is not in use then before its mark is taken away.
        """
        with target.begin() as transaction:
            moved = transaction.copy_from(self._engine)
            if leaving:
                transaction.set_value(ARRIVING, leaving)
            return moved

    def sizes(self) -> dict[str, int]:
        """The number of rows by table."""
        with failures(self._where), self._engine.connect() as connection:
            return sizes(connection)

    def begin(self) -> AbstractContextManager[SqlTransaction]:
        """Start a write transaction; commits at the end of the block, rolls back on an exception."""
        return self._lines.transaction(self._where)

    def snapshot(self) -> bytes:
        """The whole registry as one SQLite file, from whichever database."""
        if isinstance(self._lines, FileLines):
            with failures(self._where):
                return snapshot(self._engine, self._where)
        with tempfile.TemporaryDirectory(prefix="handclasp-") as folder:
            copy = SqlStore.sqlite(os.path.join(folder, "registry.sqlite"))
            self.move_to(copy)
            return copy.snapshot()


def _let_go(changes: Changes, lines: FileLines | Lines, engine: Engine) -> None:
    changes.close()
    lines.close()
    engine.dispose()
