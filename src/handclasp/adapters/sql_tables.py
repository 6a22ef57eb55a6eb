"""The registry's tables, as SQLAlchemy Core sees them. The migrations make them; a test holds the two equal."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.types import TypeDecorator

SERIAL_DIGITS = 40
"""Serials are upper-case hex of 20 octets: no database has integers that wide, and text of one length sorts as numbers do."""


@lru_cache(maxsize=64)
def _utc_text(value: datetime | None) -> str | None:
    """An issue writes the same few moments again and again."""
    return value.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00") if value is not None else None


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC, also where the database keeps no zone (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite then drops the zone."""
        return value.astimezone(UTC) if value is not None else None

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """On SQLite the text that SQLAlchemy would write, in a third of the time: every certificate has six of them."""
        return _utc_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A time without zone was written in UTC."""
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

authority = Table(
    "authority",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("label", String(64), nullable=False, unique=True),
    Column("parent", String(64)),
    Column("certificate", LargeBinary, nullable=False),
    Column("key", String(64), nullable=False),
)

certificate = Table(
    "certificate",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("issuer", String(64), nullable=False),
    Column("serial", String(SERIAL_DIGITS), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("name_key", String(1024), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tbs_sha256", String(64), nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("not_after", UtcTime, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("certificate", LargeBinary),
    Column("exported", Boolean, nullable=False),
    Column("revoked_at", UtcTime),
    Column("reason", String(32)),
    Column("key_sha256", String(64)),
    UniqueConstraint("issuer", "serial"),
    Index(None, "name_key"),
)
REVOKED_STATE: ColumnElement[str] = literal_column("'revoked'")
SIGNED_KEY = certificate.c.key_sha256.is_not(None)
UNFINISHED = certificate.c.exported.is_(False)
REVOKED = certificate.c.state == REVOKED_STATE
"""What the partial indexes hold. A query must say it in these words, or the database does not see that an index helps."""

PARTIAL = (
    ("key", ("key_sha256",), SIGNED_KEY),
    ("unfinished", ("position",), UNFINISHED),
    ("revoked", ("issuer", "serial", "revoked_at", "reason", "not_after", "name"), REVOKED),
)
"""Indexes of certificates that hold a part of the rows: each that a new row meets is a page more to be written.

Not made into objects: SQLAlchemy would load every database's dialect for them, at the start of every command.
"""

crl = Table(
    "crl",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("this_update", UtcTime, nullable=False),
    Column("next_update", UtcTime, nullable=False),
)

crl_part = Table(
    "crl_part",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

crl_counter = Table(
    "crl_counter",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)

setting = Table(
    "setting",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
)

repeat = Table(
    "repeat",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("status", Integer),
    Column("kind", String(64)),
    Column("body", LargeBinary),
    Index(None, "at"),
)
