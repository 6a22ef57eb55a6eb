"""ports.Transaction on SQL: everything that changes the registry."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from handclasp.adapters import sql_repeats
from handclasp.adapters import sql_statements as statements
from handclasp.adapters import sql_tables as tables
from handclasp.adapters.sql_copy import copy_registry
from handclasp.adapters.sql_driven import Driven, Statement, driver_of
from handclasp.adapters.sql_rows import intent_row, key_digest, serial_text
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import Authority, CertificateState, Intent, NewEvent, Reason
from handclasp.model.octets import Octets, parts
from handclasp.model.repeats import KeptAnswer, Repeat
from handclasp.pki.audit_chain import GENESIS, canonical, digest_of

_CERTIFICATE = tables.certificate.c


class SqlTransaction:
    """ports.Transaction on one open connection. `SqlStore.begin` makes it, commits it or rolls it back.

    Args:
        connection: in a transaction.
        driven: runs what every certificate needs, on SQLite.
        newest: number and digest of the newest event, where they are known.
    """

    def __init__(self, connection: Connection, driven: Driven | None = None, newest: tuple[int, str] | None = None) -> None:
        self._connection = connection
        self._driven = driven
        self._newest = newest

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
            self._change(statements.ADD_INTENT, [intent_row(intent)])
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
        this = {"of_issuer": issuer, "of_serial": serial_text(serial)}
        self._touch(statements.ATTACH, this | {"der": certificate, "key_digest": key_digest(certificate)})
        self._change(statements.ISSUED, [this])

    def mark_exported(self, issuer: str, serial: int) -> None:
        """The files of an issued certificate are complete; recovery need not look at them again."""
        self._touch(statements.EXPORTED, {"of_issuer": issuer, "of_serial": serial_text(serial)})

    def abandon(self, issuer: str, serial: int) -> None:
        """Mark an intent whose signature never came; it stays revocable."""
        self._connection.execute(
            update(tables.certificate)
            .where(*_is(issuer, serial), _CERTIFICATE.state == CertificateState.INTENT.value)
            .values(state=CertificateState.ABANDONED.value)
        )

    def revoke(self, issuer: str, serial: int, *, at: datetime, reason: Reason) -> None:
        """Mark revoked. Revoking twice keeps the first date, and the first reason unless that was certificateHold."""
        self.revoke_all(((issuer, serial),), at=at, reason=reason)

    def revoke_all(self, which: Iterable[tuple[str, int]], *, at: datetime, reason: Reason) -> None:
        """Several (issuer, serial) at once, each as `revoke` does it."""
        rows = [{"of_issuer": issuer, "of_serial": serial_text(serial), "new_reason": reason.value} for issuer, serial in which]
        self._change(statements.REVOKE_HELD, rows)
        self._change(statements.REVOKE, [row | {"moment": at} for row in rows])

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

    def save_crl(self, issuer: str, *, number: int, der: Octets, this_update: datetime, next_update: datetime) -> None:
        """Remember a signed CRL, a part at a time; older ones of the same CA are dropped, their numbers stay used."""
        for table in (tables.crl, tables.crl_part):
            self._connection.execute(delete(table).where(table.c.issuer == issuer))
        values = {"issuer": issuer, "number": number, "this_update": this_update, "next_update": next_update}
        self._connection.execute(insert(tables.crl).values(values))
        for part, content in enumerate(parts(der)):
            row = {"issuer": issuer, "number": number, "part": part, "content": content}
            self._connection.execute(insert(tables.crl_part), row)

    def audit(self, *, at: datetime, actor: str, action: str, subject: str, details: dict[str, str]) -> None:
        """Append one hash-chained event."""
        self.audit_all((NewEvent(at, actor, action, subject, details),))

    def audit_all(self, events: Iterable[NewEvent]) -> int:
        """Append several, in this order; the number of the last one."""
        sequence, previous = self._newest or self._newest_event()
        rows = []
        for event in events:
            sequence += 1
            row = {**event._asdict(), "sequence": sequence, "details": canonical(event.details), "previous": previous}
            previous = row["digest"] = digest_of(**row)
            rows.append(row)
        self._change(statements.ADD_EVENT, rows)
        self._newest = sequence, previous
        return sequence

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
        self._newest = None
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

    def _change(self, statement: Statement, rows: list[dict[str, Any]]) -> int:
        if self._driven is not None:
            return self._driven.change(driver_of(self._connection), statement, rows)
        return self._connection.execute(statement, rows).rowcount if rows else 0

    def _newest_event(self) -> tuple[int, str]:
        found = self._connection.execute(statements.NEWEST_EVENT).first()
        return (found.sequence, found.digest) if found else (0, GENESIS)

    def _touch(self, statement: Statement, row: dict[str, Any]) -> None:
        if self._change(statement, [row]) != 1:
            raise Bug(f"there is no intent for serial {row['of_serial']} of the {row['of_issuer']} CA")


def _refuse_other(error: IntegrityError) -> None:
    """Raise the error again unless it says that something is there twice, in SQLite's words or PostgreSQL's."""
    if not any(word in str(error.orig) for word in ("UNIQUE constraint", "duplicate key")):
        raise error


def _is(issuer: str, serial: int) -> tuple[Any, Any]:
    return _CERTIFICATE.issuer == issuer, _CERTIFICATE.serial == serial_text(serial)
