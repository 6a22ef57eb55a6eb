"""Moves a registry from one database to another: every row, compared afterwards, the audit chain checked on both sides."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Integer, RowMapping, Select, delete, func, insert, select, text

from handclasp.adapters.sql_mark import MARKS
from handclasp.adapters.sql_tables import audit_event, metadata
from handclasp.model.errors import PolicyError, WorldError

_ROWS = 500


def copy_registry(source: Engine, target: Connection) -> dict[str, int]:
    """Copy every table into an empty, migrated database, in the caller's transaction; the number of rows by table.

    What this registry left there itself goes: a copy whose move was cut off, or the one it once was moved away from.

    Raises:
        PolicyError: there is something in the target already.
        WorldError: a table does not read the same afterwards.
    """
    where = str(target.engine.url)
    copied: dict[str, int] = {}
    with source.connect() as reading:
        if any(sizes(target).values()):
            if not _left_behind(reading, target):
                raise PolicyError("there is a registry there already", where=where, hint="give an empty database")
            for table in reversed(metadata.sorted_tables):
                target.execute(delete(table))
        for table in metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            for rows in _partitions(reading, select(table).order_by(*keys)):
                target.execute(insert(table), [dict(row) for row in rows])
            here, there = (_tally(side, select(table)) for side in (reading, target))
            if here != there:
                raise WorldError(f"the table {table.name} reads differently after it was copied", where=where)
            copied[table.name] = there[0]
    _continue_counting(target)
    return copied


def sizes(side: Connection) -> dict[str, int]:
    """The number of rows by table."""
    return {table.name: side.execute(select(func.count()).select_from(table)).scalar_one() for table in metadata.sorted_tables}


def _left_behind(source: Connection, target: Connection) -> bool:
    """Whether the target is not in use, and the source knows all that ever happened in it: each event holds those before."""
    if not any(value for _, value in target.execute(MARKS)):
        return False
    event = audit_event.c
    last = target.execute(select(event.sequence, event.digest).order_by(event.sequence.desc()).limit(1)).one_or_none()
    if last is None:
        return True
    known = source.execute(select(event.digest).where(event.sequence == last.sequence)).scalar_one_or_none()
    return bool(known == last.digest)


def _tally(side: Connection, query: Select[Any]) -> tuple[int, int]:
    """How many rows there are, and a sum that is another when one of them is: databases sort texts differently."""
    count = total = 0
    for rows in _partitions(side, query):
        for row in rows:
            count += 1
            total += int.from_bytes(hashlib.sha256(repr(tuple(row.values())).encode()).digest())
    return count, total % (1 << 256)


def _partitions(side: Connection, query: Select[Any]) -> Iterator[Sequence[RowMapping]]:
    """A part of the rows at a time, from PostgreSQL too: there is a cursor, and nobody is waited for meanwhile."""
    return side.execute(query, execution_options={"yield_per": _ROWS}).mappings().partitions()


def _continue_counting(target: Connection) -> None:
    """Rows were given their positions: PostgreSQL's own counters go on behind them."""
    if target.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        for column in table.primary_key.columns:
            if isinstance(column.type, Integer) and column.autoincrement is not False and len(table.primary_key.columns) == 1:
                name, field = table.name, column.name
                target.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{name}', '{field}'), "  # noqa: S608 - names of ours
                        f"greatest((SELECT coalesce(max({field}), 0) FROM {name}), 1))"
                    )
                )
