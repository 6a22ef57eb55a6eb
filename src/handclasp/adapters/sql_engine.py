"""Opens the database of the registry and brings its schema up to date. The one place that knows SQLite from others."""

import errno
import logging
import os
import sqlite3
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from handclasp.adapters.sql_mark import MARKS, refuse_marked
from handclasp.model.errors import PolicyError, WorldError

# The pool logs, with a traceback, what interrupts the closing of a connection. The interruption itself is raised on and told by
# whoever handles it; a person needs no second account of it.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())
logging.getLogger("sqlalchemy.pool").propagate = False

HEAD = "0005"
"""The newest revision in adapters/migrations/versions; a test compares."""

WRITE = "handclasp_write"
_BUSY_MS = 30_000
_ADVICE = (
    ("disk is full", "free some space on that file system; nothing was half-written"),
    ("readonly", "the file or its folder is not writable for this user; run as its owner, or remount the file system"),
    ("unable to open", "check that the folder exists and that this user may write into it"),
    ("connection failed", "check that the database server runs and can be reached: psql with the same URL"),
    ("connection to server", "check that the database server runs and can be reached: psql with the same URL"),
    ("server closed the connection", "nothing was half-written; run it again when the database server is back"),
    ("locked", "another process is writing; try again when it is done"),
    ("not a database", "the registry is damaged; restore it from a backup"),
    ("malformed", "the registry is damaged; restore it from a backup"),
    (
        "disk i/o",
        "the file system is full, or its disk failed: free some space (df), or look at dmesg; nothing was half-written",
    ),
)


def sqlite_engine(path: str, *, pooled: bool = False) -> Engine:
    """The engine of a SQLite file, which is made with mode 0600 when missing. `pooled`: connections are kept open.

    WAL and synchronous=FULL: a commit that returned survives a power cut, and readers never wait for writers.

    Raises:
        WorldError: it cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size == 0:
                os.fchmod(descriptor, 0o600)  # whatever the umask
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno == errno.EROFS and os.path.exists(path):
            return _frozen_engine(path)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = _ADVICE[0][1] if full else _ADVICE[1][1]
        raise WorldError(f"the registry cannot be opened: {error.strerror}", where=path, hint=advice) from error
    pool = QueuePool if pooled else NullPool
    engine = create_engine(URL.create("sqlite", database=path), poolclass=pool, connect_args={"timeout": _BUSY_MS / 1000})
    event.listen(engine, "connect", _sqlite_settings)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _frozen_engine(path: str) -> Engine:
    """A registry on a read-only file system: nobody can change it, so it is read without lock files beside it.

    WorldError when its journal was not worked in yet: that would need writing, and without it the newest changes are missing.
    """
    journal = f"{path}-wal"
    if os.path.exists(journal) and os.path.getsize(journal):
        raise WorldError(
            "this registry was not closed before its file system became read-only, and its journal cannot be worked in",
            where=path,
            hint="copy the whole home to where it can be written, and read it there with --home",
        )
    name = f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1"
    engine = create_engine(
        URL.create("sqlite", database=name, query={"uri": "true"}), poolclass=NullPool, connect_args={"timeout": 1}
    )
    event.listen(engine, "connect", _frozen_settings)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def migrate(engine: Engine, where: str, *, moving: bool = False) -> None:
    """Bring the schema to HEAD, one transaction for all steps. Costs two queries when there is nothing to do.

    Args:
        engine: of the database.
        where: it in words.
        moving: for a move, which opens registries that are not in use.

    Raises:
        PolicyError: a new registry would be in a database that cannot hold every name.
        WorldError: the database is of a newer Handclasp, unreachable or damaged; its registry was moved away.
    """
    with failures(where):
        with engine.connect() as connection:
            found = _revision(connection)
            if found is not None and not moving:
                refuse_marked(connection.execute(MARKS), where)
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise WorldError(
                f"the registry has schema {found}, made by a newer Handclasp; this one knows {HEAD}",
                where=where,
                hint="upgrade Handclasp: pip install --upgrade handclasp",
            )
        with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7)"))  # two hosts may come at the same moment
                if found is None:
                    _refuse_narrow(connection, where)
            if _revision(connection) != HEAD:  # another process may have been faster
                _upgrade(connection)


def snapshot(engine: Engine, where: str) -> bytes:
    """The database as one file, as it is at this moment.

    Raises:
        WorldError: it is not SQLite.
    """
    if engine.dialect.name != "sqlite":
        raise WorldError("this database is not one file", where=where, hint="use its own tool, for example pg_dump")
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        return bytes(driver.serialize())


class failures:  # noqa: N801 - used as a word of the language; a class, since every certificate passes it several times
    """Turns what the database throws into one WorldError: what failed, where, and what helps."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise it in our words."""
        if isinstance(error, (SQLAlchemyError, sqlite3.Error)):
            words = str(error.orig) if isinstance(error, DBAPIError) else str(error).splitlines()[0]
            hint = next((advice for sign, advice in _ADVICE if sign in words.lower()), None)
            raise WorldError(f"the registry failed: {words}", where=self._where, hint=hint) from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_narrow(connection: Connection, where: str) -> None:
    """PolicyError when a database of PostgreSQL converts text to letters of which there are few. SQL_ASCII converts nothing."""
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding not in ("UTF8", "SQL_ASCII"):
        raise PolicyError(
            f"this database keeps text in {encoding}, which has no letters for names of other languages",
            where=where,
            hint="make one that has: createdb --encoding UTF8 --template template0 handclasp",
        )


def _upgrade(connection: Connection) -> None:
    """Alembic is imported here, when there is a step to take: it costs a third of a second."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "handclasp.adapters:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sqlite_settings(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: _sqlite_begin does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _frozen_settings(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _sqlite_begin(connection: Connection) -> None:
    """Nothing when somebody has begun on the driver (sql_sqlite). A migration takes the lock at once."""
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:
        return
    immediate = connection.get_execution_options().get(WRITE)
    cursor = connection.connection.cursor()  # the driver's own: this runs before every statement
    try:
        cursor.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
    except sqlite3.Error as error:
        raise DBAPIError("BEGIN", None, error) from error
    finally:
        cursor.close()
