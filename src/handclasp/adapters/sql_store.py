"""ports.Store on SQL: SQLite by default, any database SQLAlchemy serves behind the same statements."""

import contextlib
import json
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from handclasp.adapters import sql_repeats
from handclasp.adapters import sql_statements as statements
from handclasp.adapters import sql_tables as tables
from handclasp.adapters.sql_copy import copy_registry
from handclasp.adapters.sql_driven import Driven
from handclasp.adapters.sql_engine import WRITE, Changes, changes_of, failures, migrate, snapshot, sqlite_engine
from handclasp.adapters.sql_postgres import Lines, postgresql_engine
from handclasp.adapters.sql_rows import event_of, intent_row, key_digest, record_of, serial_text, standing_of
from handclasp.adapters.sql_wanted import conditions, order_of
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import (
    EVERY,
    AuditEvent,
    Authority,
    CertificateRecord,
    CertificateState,
    Holder,
    Intent,
    NewEvent,
    Order,
    Reason,
    Revocation,
    Standing,
    Wanted,
)
from handclasp.model.repeats import KeptAnswer, Repeat
from handclasp.pki.audit_chain import GENESIS, digest_of

_CERTIFICATE = tables.certificate.c
_MOST_PARAMETERS = 500  # in one statement: every database takes that many
_AT_ONCE = 1_000


class SqlTransaction:
    """ports.Transaction on one open connection. `SqlStore.begin` makes it, commits it or rolls it back.

    Args:
        connection: in a transaction.
        driven: runs what every certificate needs, on SQLite.
    """

    def __init__(self, connection: Connection, driven: Driven | None = None) -> None:
        self._connection = connection
        self._driven = driven

    def add_authority(self, authority: Authority) -> None:
        """Remember a CA; PolicyError if its label is taken."""
        values = {
            "label": authority.label,
            "parent": authority.parent,
            "certificate": authority.certificate,
            "key": authority.key,
        }
        try:
            self._connection.execute(insert(tables.authority).values(values))
        except IntegrityError as error:
            _refuse_other(error)
            raise PolicyError(f"there is a CA named {authority.label} already", hint="choose another label") from error

    def add_intent(self, intent: Intent) -> None:
        """Make an intent; the (issuer, serial) pair is unique."""
        try:
            self._connection.execute(insert(tables.certificate).values(intent_row(intent)))
        except IntegrityError as error:
            _refuse_other(error)
            raise Bug("a serial number was drawn twice", where=serial_text(intent.serial)) from error

    def add_intents(self, intents: Iterable[Intent]) -> None:
        """Many intents at once."""
        try:
            self._change(statements.ADD_INTENT, [intent_row(intent) for intent in intents])
        except IntegrityError as error:
            _refuse_other(error)
            raise Bug("a serial number was drawn twice") from error

    def record_handed(self, issuer: str, signed: Iterable[tuple[int, bytes, str]]) -> None:
        """Attach signed certificates (serial, DER, digest of the key) to their intents, and mark them issued and exported."""
        rows = [
            {"of_issuer": issuer, "of_serial": serial_text(serial), "der": der, "key_digest": digest}
            for serial, der, digest in signed
        ]
        changed = self._change(statements.HAND_OVER, rows)
        if changed not in (-1, len(rows)):
            raise Bug(f"{len(rows)} certificates were signed, and {changed} had an intent")

    def record_issued(self, issuer: str, serial: int, certificate: bytes) -> None:
        """Attach the signed certificate (DER) to its intent and mark it issued; what was revoked meanwhile stays revoked."""
        self._touch(issuer, serial, certificate=certificate, key_sha256=key_digest(certificate))
        kept = (CertificateState.REVOKED.value, CertificateState.ISSUED.value)
        self._connection.execute(
            update(tables.certificate)
            .where(*_is(issuer, serial), _CERTIFICATE.state.not_in(kept))
            .values(state=CertificateState.ISSUED.value)
        )

    def mark_exported(self, issuer: str, serial: int) -> None:
        """The files of an issued certificate are complete; recovery need not look at them again."""
        self._touch(issuer, serial, exported=True)

    def abandon(self, issuer: str, serial: int) -> None:
        """Mark an intent whose signature never came; it stays revocable."""
        self._connection.execute(
            update(tables.certificate)
            .where(*_is(issuer, serial), _CERTIFICATE.state == CertificateState.INTENT.value)
            .values(state=CertificateState.ABANDONED.value)
        )

    def revoke(self, issuer: str, serial: int, *, at: datetime, reason: Reason) -> None:
        """Mark revoked. Revoking twice keeps the first date, and the first reason unless that was certificateHold."""
        self._connection.execute(
            update(tables.certificate)
            .where(*_is(issuer, serial), _CERTIFICATE.reason == Reason.CERTIFICATE_HOLD.value)
            .values(reason=reason.value)
        )
        self._connection.execute(
            update(tables.certificate)
            .where(*_is(issuer, serial), _CERTIFICATE.state != CertificateState.REVOKED.value)
            .values(state=CertificateState.REVOKED.value, revoked_at=at, reason=reason.value)
        )

    def release(self, issuer: str, serial: int) -> None:
        """Lift a hold: what was revoked with reason certificateHold is as before. Anything else stays as it is."""
        held = (*_is(issuer, serial), _CERTIFICATE.reason == Reason.CERTIFICATE_HOLD.value)
        signed = _CERTIFICATE.certificate.is_not(None)
        for condition, state in ((signed, CertificateState.ISSUED), (~signed, CertificateState.ABANDONED)):
            self._connection.execute(
                update(tables.certificate).where(*held, condition).values(state=state.value, revoked_at=None, reason=None)
            )

    def next_crl_number(self, issuer: str) -> int:
        """The next CRL number of this CA: strictly increasing for ever (invariant I6)."""
        return self._count(issuer, 1)

    def skip_crl_numbers(self, issuer: str, count: int) -> None:
        """Leave numbers out: those that a lost registry may have used."""
        self._count(issuer, count)

    def save_crl(self, issuer: str, *, number: int, der: bytes, this_update: datetime, next_update: datetime) -> None:
        """Remember a signed CRL; older ones of the same CA are dropped, their numbers stay used."""
        self._connection.execute(delete(tables.crl).where(tables.crl.c.issuer == issuer))
        values = {"issuer": issuer, "number": number, "der": der, "this_update": this_update, "next_update": next_update}
        self._connection.execute(insert(tables.crl).values(values))

    def audit(self, *, at: datetime, actor: str, action: str, subject: str, details: dict[str, str]) -> None:
        """Append one hash-chained event."""
        self.audit_all((NewEvent(at, actor, action, subject, details),))

    def audit_all(self, events: Iterable[NewEvent]) -> None:
        """Append several, in this order."""
        sequence, previous = self._first(statements.NEWEST_EVENT) or (0, GENESIS)
        rows = []
        for event in events:
            sequence += 1
            digest = digest_of(sequence=sequence, previous=previous, **event._asdict())
            rows.append(
                event._asdict()
                | {
                    "sequence": sequence,
                    "details": json.dumps(event.details, sort_keys=True),
                    "previous": previous,
                    "digest": digest,
                }
            )
            previous = digest
        self._change(statements.ADD_EVENT, rows)

    def set_value(self, key: str, value: str) -> None:
        """Remember a small setting of this home (for example the session cache epoch)."""
        setting = tables.setting
        changed = self._connection.execute(update(setting).where(setting.c.key == key).values(value=value))
        if changed.rowcount == 0:
            self._connection.execute(insert(setting).values(key=key, value=value))

    def begin_request(self, key: str, *, request: str, at: datetime, since: datetime) -> Repeat | None:
        """What an idempotency key is for since then; None when it is new, and from now on it is for this request."""
        return sql_repeats.begin_request(self._connection, key, request, at, since)

    def end_request(self, key: str, answer: KeptAnswer | None) -> None:
        """Keep the answer to the request of this key; None: forget the key."""
        sql_repeats.end_request(self._connection, key, answer)

    def copy_from(self, source: Engine) -> dict[str, int]:
        """Take over another registry, row by row; the number of rows by table. PolicyError when this one is not empty."""
        return copy_registry(source, self._connection)

    def _count(self, issuer: str, step: int) -> int:
        counter = tables.crl_counter
        query = select(counter.c.number).where(counter.c.issuer == issuer).with_for_update()
        found = self._connection.execute(query).scalar_one_or_none()
        number = int(found or 0) + step
        if found is None:
            self._connection.execute(insert(counter).values(issuer=issuer, number=number))
        else:
            self._connection.execute(update(counter).where(counter.c.issuer == issuer).values(number=number))
        return number

    def _change(self, statement: Executable, rows: list[dict[str, Any]]) -> int:
        if self._driven is not None:
            return self._driven.change(self._connection, statement, rows)
        return self._connection.execute(statement, rows).rowcount if rows else 0

    def _first(self, statement: Executable) -> tuple[Any, ...] | None:
        if self._driven is not None:
            return self._driven.first(self._connection, statement)
        row = self._connection.execute(statement).one_or_none()
        return tuple(row) if row is not None else None

    def _touch(self, issuer: str, serial: int, **values: object) -> None:
        changed = self._connection.execute(update(tables.certificate).where(*_is(issuer, serial)).values(**values))
        if changed.rowcount != 1:
            raise Bug(f"there is no intent for serial {serial_text(serial)} of the {issuer} CA")


class SqlStore:
    """ports.Store.

    Args:
        engine: from sql_engine.
        where: the database in words, for messages.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._where = where
        migrate(engine, where)
        self._changes = changes_of(engine)
        self._lines = Lines(engine) if engine.dialect.name == "postgresql" else None
        self._driven = Driven(engine.dialect) if engine.dialect.name == "sqlite" else None
        # Not every holder ends a store; none may leave a connection open behind it.
        weakref.finalize(self, _let_go, self._changes, engine)

    @classmethod
    def sqlite(cls, path: str, *, pooled: bool = False) -> "SqlStore":
        """The registry in a SQLite file, made when missing. `pooled`: for a process that asks it all day."""
        return cls(sqlite_engine(path, pooled=pooled), path)

    @classmethod
    def postgresql(cls, url: str, *, pooled: bool = False) -> "SqlStore":
        """The registry in a PostgreSQL database, made when it is empty. `pooled`: as for `sqlite`."""
        return cls(postgresql_engine(url, pooled=pooled), url)

    def close(self) -> None:
        """Let every connection go; a store that is asked again opens others."""
        _let_go(self._changes, self._engine)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep the processes of other hosts from changing anything; nothing to do for a file, whose home has a lock."""
        if self._lines is None:
            yield
            return
        with failures(self._where), self._lines.exclusive(self._where):
            yield

    def move_to(self, target: "SqlStore") -> dict[str, int]:
        """Copy everything into an empty registry, compare, and give the number of rows by table."""
        with target.begin() as transaction:
            return transaction.copy_from(self._engine)

    @contextlib.contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """Start a write transaction; commits at the end of the block, rolls back on an exception."""
        if self._lines is not None:
            with failures(self._where), self._lines.transaction(self._where) as connection:
                yield SqlTransaction(connection)
            return
        with failures(self._where), self._engine.connect() as connection:
            writer = connection.execution_options(**{WRITE: True})
            with writer.begin():
                yield SqlTransaction(writer, self._driven)

    def snapshot(self) -> bytes:
        """The whole registry as one SQLite file, from whichever database."""
        if self._lines is None:
            with failures(self._where):
                return snapshot(self._engine, self._where)
        with tempfile.TemporaryDirectory(prefix="handclasp-") as folder:
            copy = SqlStore.sqlite(os.path.join(folder, "registry.sqlite"))
            self.move_to(copy)
            return copy.snapshot()

    def authorities(self) -> tuple[Authority, ...]:
        """All CAs, roots first."""
        table = tables.authority
        rows = self._rows(select(table).order_by(table.c.parent.is_not(None), table.c.position))
        return tuple(Authority(label=row.label, parent=row.parent, certificate=row.certificate, key=row.key) for row in rows)

    def certificates(self, *, name: str | None = None) -> tuple[CertificateRecord, ...]:
        """Records in order of creation, of one identity or of all."""
        query = select(tables.certificate).order_by(_CERTIFICATE.position)
        return self._records(query if name is None else query.where(_CERTIFICATE.name == name))

    def walk(self) -> Iterator[CertificateRecord]:
        """What `certificates` gives of all, one by one: a million of them need no memory."""
        return map(record_of, self._streamed(select(tables.certificate).order_by(_CERTIFICATE.position)))

    def standings(self, wanted: Wanted = EVERY, order: Order = Order.CREATED) -> Iterator[Standing]:
        """Records without their certificates, one by one."""
        query = select(*statements.STANDING).where(*conditions(wanted)).order_by(*order_of(order))
        return map(standing_of, self._streamed(query))

    def count(self, wanted: Wanted = EVERY) -> int:
        """How many `standings` gives."""
        return int(self._rows(select(func.count()).select_from(tables.certificate).where(*conditions(wanted)))[0][0])

    def find(self, issuer: str, serial: int) -> CertificateRecord | None:
        """One record, or None when this CA never intended that serial."""
        return self.find_many(issuer, (serial,)).get(serial)

    def find_many(self, issuer: str, serials: Sequence[int]) -> dict[int, CertificateRecord]:
        """Several records in one lookup, by serial; those that this CA never intended are not in it."""
        texts = [serial_text(serial) for serial in serials if 0 <= serial < 1 << 160]
        if len(texts) == 1:  # what nearly every OCSP request asks; the statement is built once
            rows = self._rows(statements.ONE, {"asked_issuer": issuer, "asked_serial": texts[0]})
            return {int(row.serial, 16): record_of(row) for row in rows}
        if not texts:
            return {}
        query = select(tables.certificate).where(_CERTIFICATE.issuer == issuer, _CERTIFICATE.serial.in_(texts))
        return {record.serial: record for record in self._records(query)}

    def version(self) -> int:
        """A number that is another after every committed change, whoever made it."""
        return self._changes.number()

    def with_key(self, digest: str) -> tuple[CertificateRecord, ...]:
        """Records whose certified key (SubjectPublicKeyInfo, DER) has this SHA-256, in hex."""
        return tuple(record_of(row) for row in self._rows(statements.WITH_KEY, {"asked_key": digest}))

    def pending(self) -> tuple[CertificateRecord, ...]:
        """Records still in state intent: signing now, or left by an interrupted run."""
        query = select(tables.certificate).where(_CERTIFICATE.state == CertificateState.INTENT.value)
        return self._records(query.order_by(_CERTIFICATE.position))

    def unexported(self) -> tuple[CertificateRecord, ...]:
        """Issued or revoked records whose files were never reported complete."""
        signed = _CERTIFICATE.certificate.is_not(None)
        query = select(tables.certificate).where(_CERTIFICATE.exported.is_(False), signed)
        return self._records(query.order_by(_CERTIFICATE.position))

    def holders(self, name_keys: Sequence[str]) -> tuple[Holder, ...]:
        """Who has one of these folded names (pki.names.fold), in order of creation."""
        if len(name_keys) == 1:  # a list in a statement is written anew each time
            rows = self._rows(statements.HOLDERS_OF_ONE, {"asked_keys": name_keys[0]})
        else:
            rows = self._rows(statements.HOLDERS, {"asked_keys": name_keys})
        return tuple(Holder(row.name, row.name_key, CertificateState(row.state), row.not_after) for row in rows)

    def known(self, name_keys: Sequence[str]) -> frozenset[str]:
        """Those of these folded names (pki.names.fold) that have a record which may have become a certificate."""
        found: set[str] = set()
        live = _CERTIFICATE.state != CertificateState.ABANDONED.value
        for start in range(0, len(name_keys), _MOST_PARAMETERS):
            some = name_keys[start : start + _MOST_PARAMETERS]
            query = select(_CERTIFICATE.name_key).where(_CERTIFICATE.name_key.in_(some), live)
            found |= {row.name_key for row in self._rows(query)}
        return frozenset(found)

    def revoked(self, issuer: str) -> Iterable[CertificateRecord]:
        """Every revoked record of a CA, by serial."""
        state = _CERTIFICATE.state == CertificateState.REVOKED.value
        query = select(tables.certificate).where(_CERTIFICATE.issuer == issuer, state)
        return self._records(query.order_by(_CERTIFICATE.serial))

    def revocations(self, issuer: str) -> Iterator[Revocation]:
        """What `revoked` gives, without the certificates and one by one."""
        wanted = (_CERTIFICATE.serial, _CERTIFICATE.revoked_at, _CERTIFICATE.reason, _CERTIFICATE.not_after, _CERTIFICATE.name)
        state = _CERTIFICATE.state == CertificateState.REVOKED.value
        rows = self._streamed(select(*wanted).where(_CERTIFICATE.issuer == issuer, state).order_by(_CERTIFICATE.serial))
        for serial, revoked_at, reason, not_after, name in map(tuple, rows):
            if revoked_at is None:
                raise Bug("a revoked record has no date", where=name)
            yield Revocation(int(serial, 16), revoked_at, Reason(reason) if reason else None, not_after, name)

    def issued(self, issuer: str) -> Iterator[CertificateRecord]:
        """Records of a CA that are neither pending, abandoned nor revoked, the newest first, one by one."""
        state = _CERTIFICATE.state == CertificateState.ISSUED.value
        query = select(tables.certificate).where(_CERTIFICATE.issuer == issuer, state).order_by(_CERTIFICATE.position.desc())
        return map(record_of, self._streamed(query))

    def latest_crl(self, issuer: str) -> bytes | None:
        """DER of the newest CRL of a CA."""
        table = tables.crl
        rows = self._rows(select(table.c.der).where(table.c.issuer == issuer).order_by(table.c.number.desc()).limit(1))
        return rows[0].der if rows else None

    def audit_events(self, *, after: int = 0) -> Iterator[AuditEvent]:
        """The audit log from the beginning, or what follows the event of that number, one by one."""
        sequence = tables.audit_event.c.sequence
        return map(event_of, self._streamed(select(tables.audit_event).where(sequence > after).order_by(sequence)))

    def last_audit_event(self) -> AuditEvent | None:
        """The newest event, or None before the first."""
        rows = self._rows(select(tables.audit_event).order_by(tables.audit_event.c.sequence.desc()).limit(1))
        return event_of(rows[0]) if rows else None

    def values(self, prefix: str) -> dict[str, str]:
        """Every setting whose key begins so (ASCII)."""
        setting = tables.setting
        beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self._rows(select(setting).where(setting.c.key >= prefix, setting.c.key < beyond))
        return {row.key: row.value for row in found if row.key.startswith(prefix)}

    def value(self, key: str) -> str | None:
        """A setting made with set_value."""
        rows = self._rows(select(tables.setting.c.value).where(tables.setting.c.key == key))
        return rows[0].value if rows else None

    def _streamed(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with (
            failures(self._where),
            self._engine.connect() as connection,
            connection.execute(query) as rows,
        ):
            # As an execution option it would open a cursor in PostgreSQL, which a lost connection leaves behind.
            yield from rows.yield_per(_AT_ONCE)

    def _records(self, query: Select[Any]) -> tuple[CertificateRecord, ...]:
        return tuple(record_of(row) for row in self._rows(query))

    def _rows(self, query: Select[Any], asked: dict[str, Any] | None = None) -> list[Row[Any]]:
        with failures(self._where), self._engine.connect() as connection:
            return list(connection.execute(query, asked))


def _let_go(changes: Changes, engine: Engine) -> None:
    changes.close()
    engine.dispose()


def _refuse_other(error: IntegrityError) -> None:
    """Raise the error again unless it says that something is there twice, in SQLite's words or PostgreSQL's."""
    if not any(word in str(error.orig) for word in ("UNIQUE constraint", "duplicate key")):
        raise error


def _is(issuer: str, serial: int) -> tuple[Any, Any]:
    return _CERTIFICATE.issuer == issuer, _CERTIFICATE.serial == serial_text(serial)
