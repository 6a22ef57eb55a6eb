"""The registry on PostgreSQL: the engine, and the locks that keep several hosts from changing it at once.

Writers are in line behind one advisory lock, taken before anything is read, so each sees all that was committed before it:
READ COMMITTED is then as good as SERIALIZABLE, and nothing has to be tried again. The long lock of a whole job is held by the
very session that writes: if that session is cut off, the server frees the lock and the job cannot write any more.
"""

import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from handclasp.adapters.sql_engine import failures
from handclasp.adapters.sql_mark import MARKS, refuse_marked
from handclasp.adapters.sql_transaction import SqlTransaction
from handclasp.model.errors import PolicyError, UsageError, WorldError

SCHEMES = ("postgresql", "postgres")
_LOCK = 0x68616E64  # "hand", the one number that all processes of all hosts agree on
_WAIT = "30s"
_KEEPALIVE = {"idle": 5, "interval": 3, "count": 3}
"""Seconds, and how often: a host that was cut off is given up by the server, and loses its lock, before others stop waiting."""
_HERE = {f"keepalives_{name}": value for name, value in _KEEPALIVE.items()}
_THERE = "".join(f" -c tcp_keepalives_{name}={value}" for name, value in _KEEPALIVE.items()) + " -c tcp_user_timeout=14000"
_FORMS = " -c datestyle=ISO -c timezone=UTC"
"""As psycopg reads times, whatever the database or the role has for people."""
_SETTINGS = {
    "application_name": "handclasp",
    "client_encoding": "utf8",  # whatever the database, the role or PGCLIENTENCODING say: names are text of any language
    "connect_timeout": 3,
    "options": f"-c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000{_THERE}{_FORMS}",
    "tcp_user_timeout": 5_000,
    **_HERE,
}


def checked_url(text_: str) -> URL:
    """The URL of a database, for psycopg 3.

    Raises:
        UsageError: it is none of PostgreSQL.
        PolicyError: it holds a password, which belongs into ~/.pgpass or a service file.
    """
    parts = urlsplit(text_)
    if parts.scheme not in SCHEMES:
        raise UsageError("the store is a URL of PostgreSQL", hint="postgresql://handclasp@db.example.test/handclasp")
    if parts.password is not None or "password" in dict(parse_qsl(parts.query)):
        raise PolicyError(
            "a password in the URL would be read by everybody who lists processes",
            hint="put it into ~/.pgpass (mode 0600) or use a client certificate: sslcert=...&sslkey=...",
        )
    return make_url(text_).set(drivername="postgresql+psycopg")


def postgresql_engine(url: str, *, pooled: bool = False) -> Engine:
    """The engine of a PostgreSQL database; nothing is opened yet. `pooled`: connections are kept.

    Raises:
        UsageError, PolicyError: see `checked_url`.
        WorldError: psycopg is not installed.
    """
    pool = QueuePool if pooled else NullPool
    options = {"pool_pre_ping": True} if pooled else {}
    try:
        return create_engine(
            checked_url(url), poolclass=pool, connect_args=_SETTINGS, isolation_level="READ COMMITTED", **options
        )
    except ModuleNotFoundError as error:
        raise WorldError("psycopg is not installed", hint="pip install 'handclasp[postgresql]'") from error


class Lines:
    """Who may change the database now. One object for each store; safe to use from several threads.

    `moving`: for a move, which changes registries that are not in use.
    """

    def __init__(self, engine: Engine, *, moving: bool = False) -> None:
        self._engine, self._moving = engine, moving
        self._mine = threading.local()

    @contextlib.contextmanager
    def exclusive(self, where: str) -> Iterator[None]:
        """Keep every other process out, for a job of several transactions; WorldError when that takes too long."""
        with failures(where), self._engine.connect() as connection:
            with _waiting(where), connection.begin():
                connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            self._mine.connection = connection
            try:
                with connection.begin():
                    self._refuse_marked(connection, where)
                yield
            finally:
                self._mine.connection = None
                _release(connection)

    @contextlib.contextmanager
    def transaction(self, where: str) -> Iterator[SqlTransaction]:
        """A transaction of the job's own session, or of another one that gets in line."""
        held: Connection | None = getattr(self._mine, "connection", None)
        if held is not None:
            with failures(where), held.begin():
                yield SqlTransaction(held)
            return
        with failures(where), self._engine.connect() as connection, connection.begin():
            with _waiting(where):
                connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            self._refuse_marked(connection, where)
            yield SqlTransaction(connection)

    def _refuse_marked(self, connection: Connection, where: str) -> None:
        """Asked with the lock in hand: what moves a registry has it until the mark is durable."""
        if not self._moving:
            refuse_marked(connection.execute(MARKS), where)

    def close(self) -> None:
        """Nothing is kept open here."""


def _release(connection: Connection) -> None:
    """Free the lock; a session that is broken is closed, which frees it too."""
    try:
        with connection.begin():
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
    except DBAPIError:
        connection.invalidate()


@contextlib.contextmanager
def _waiting(where: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == "55P03":  # lock_not_available
            raise WorldError(
                "another process, here or on another host, is changing the registry",
                where=where,
                hint="try again when it is done",
            ) from error
        raise
