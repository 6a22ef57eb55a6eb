"""Statements as SQLite's driver takes them. SQLAlchemy compiles each once; without the rest of it they run ten times as fast.

For the few statements that every certificate and every OCSP answer needs (sql_statements).
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Insert, Row, Select, Update
from sqlalchemy.engine import result_tuple
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

_Values = Mapping[str, Any]
Statement = Select[Any] | Insert | Update


class _Compiled:
    """The text of a statement, where its parameters stand, how they are written, and how what it gives is read."""

    def __init__(self, statement: Statement, dialect: Dialect, columns: Sequence[str]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if compiled.positiontup is None:
            raise TypeError(f"the dialect {dialect.name} numbers no parameters")
        self.text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        writes = {name: _own(bind.type, dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        order = tuple(compiled.positiontup)
        self._pick: Callable[[_Values], Iterable[Any]] = (
            itemgetter(*order) if len(order) > 1 else lambda given: [given[name] for name in order]
        )
        self._writes = tuple((place, write) for place, name in enumerate(order) if (write := writes.get(name)))
        chosen: Sequence[ColumnElement[Any]] = tuple(statement.selected_columns) if isinstance(statement, Select) else ()
        self._row = result_tuple([str(one.key) for one in chosen])
        reads = (_own(column.type, dialect).result_processor(dialect, None) for column in chosen)
        self._reads = tuple((place, read) for place, read in enumerate(reads) if read is not None)

    def values(self, row: _Values) -> tuple[Any, ...]:
        """One set of parameters, in order."""
        given = {**self._fixed, **row} if self._fixed else row
        values = list(self._pick(given))
        for place, write in self._writes:
            values[place] = write(values[place])
        return tuple(values)

    def read(self, found: tuple[Any, ...]) -> Row[Any]:
        """What the driver gave, as SQLAlchemy would give it."""
        values = list(found)
        for place, read in self._reads:
            values[place] = read(values[place])
        return self._row(values)


class Driven:
    """Runs statements on the driver's own connection to a SQLite file. Failures are the driver's, but for an IntegrityError."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[Statement, _Compiled] = {}

    def change(self, driver: sqlite3.Connection, statement: Statement, rows: Sequence[_Values]) -> int:
        """Insert or update once for each row; how many rows were met."""
        if not rows:
            return 0
        compiled = self._compiled(statement, rows[0])
        try:
            return driver.executemany(compiled.text, [compiled.values(row) for row in rows]).rowcount
        except sqlite3.IntegrityError as error:
            raise IntegrityError(compiled.text, None, error) from error

    def rows(self, driver: sqlite3.Connection, statement: Select[Any], asked: _Values) -> list[Row[Any]]:
        """What a query gives."""
        compiled = self._compiled(statement, asked)
        return [compiled.read(found) for found in driver.execute(compiled.text, compiled.values(asked)).fetchall()]

    def _compiled(self, statement: Statement, row: _Values) -> _Compiled:
        found = self._known.get(statement)
        if found is None:
            found = self._known[statement] = _Compiled(statement, self._dialect, tuple(row))
        return found


def _own(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """A type as this database has it."""
    return kind.dialect_impl(dialect)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection below one of SQLAlchemy."""
    driver: Any = connection.connection.driver_connection
    found: sqlite3.Connection = driver
    return found
