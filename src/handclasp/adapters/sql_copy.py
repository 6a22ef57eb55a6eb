"""Moves a registry from one database to another: every row, compared afterwards, the audit chain checked on both sides."""

from sqlalchemy import Connection, Engine, Integer, func, insert, select, text

from handclasp.adapters.sql_tables import metadata
from handclasp.model.errors import PolicyError, WorldError

_ROWS = 500


def copy_registry(source: Engine, target: Connection) -> dict[str, int]:
    """Copy every table into an empty, migrated database, in the caller's transaction; the number of rows by table.

    Raises:
        PolicyError: there is something in the target already.
        WorldError: a table does not read the same afterwards.
    """
    where = str(target.engine.url)
    for table in metadata.sorted_tables:
        if target.execute(select(func.count()).select_from(table)).scalar_one():
            raise PolicyError("there is a registry there already", where=where, hint="give an empty database")
    copied: dict[str, int] = {}
    with source.connect() as reading:
        for table in metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            query = select(table).order_by(*keys)
            result = reading.execute(query).mappings()
            while rows := result.fetchmany(_ROWS):
                target.execute(insert(table), [dict(row) for row in rows])
            here, there = ({tuple(row) for row in side.execute(query)} for side in (reading, target))
            if here != there:
                raise WorldError(f"the table {table.name} reads differently after it was copied", where=where)
            copied[table.name] = len(there)
    _continue_counting(target)
    return copied


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
