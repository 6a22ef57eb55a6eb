"""Statements as SQLite's driver takes them. SQLAlchemy compiles each once; without the rest of it they run ten times as fast.

For the few statements that every certificate needs (sql_statements). The transaction stays SQLAlchemy's, and so do failures.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

_Row = Mapping[str, Any]


class _Compiled:
    """The text of a statement, where its parameters stand, and how they are written."""

    def __init__(self, statement: Executable, dialect: Dialect, columns: Sequence[str]) -> None:
        if not isinstance(statement, ClauseElement):
            raise TypeError(f"{type(statement).__name__} cannot be compiled")
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise TypeError(f"the dialect {dialect.name} numbers no parameters")
        self.text = str(compiled)
        self._order = tuple(compiled.positiontup)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._write: dict[str, Callable[[Any], Any]] = {}
        for name, bind in compiled.binds.items():
            if write := bind.type.dialect_impl(dialect).bind_processor(dialect):
                self._write[name] = write

    def values(self, row: _Row) -> tuple[Any, ...]:
        """One set of parameters, in order."""
        given = {**self._fixed, **row}
        return tuple(self._write[name](given[name]) if name in self._write else given[name] for name in self._order)


class Driven:
    """Runs statements on the driver's own connection below a SQLAlchemy connection to SQLite."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[Executable, _Compiled] = {}

    def change(self, connection: Connection, statement: Executable, rows: Sequence[_Row]) -> int:
        """Insert or update once for each row; how many rows were met."""
        if not rows:
            return 0
        compiled = self._compiled(statement, rows[0])
        with _cursor(connection, compiled.text) as cursor:
            cursor.executemany(compiled.text, [compiled.values(row) for row in rows])
            return cursor.rowcount

    def first(self, connection: Connection, statement: Executable) -> tuple[Any, ...] | None:
        """The first row, as the driver gives it."""
        compiled = self._compiled(statement, {})
        with _cursor(connection, compiled.text) as cursor:
            row: tuple[Any, ...] | None = cursor.execute(compiled.text, compiled.values({})).fetchone()
            return row

    def _compiled(self, statement: Executable, row: _Row) -> _Compiled:
        if statement not in self._known:
            self._known[statement] = _Compiled(statement, self._dialect, tuple(row))
        return self._known[statement]


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[sqlite3.Cursor]:
    """The driver's, whose failures are told as SQLAlchemy tells them."""
    cursor: Any = connection.connection.cursor()
    try:
        yield cursor
    except sqlite3.IntegrityError as error:
        raise IntegrityError(text, None, error) from error
    except sqlite3.Error as error:
        raise DBAPIError(text, None, error) from error
    finally:
        cursor.close()
