"""What the registry is asked: the half of ports.Store that changes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Row, Select, func, select, tuple_

from handclasp.adapters import sql_statements as statements
from handclasp.adapters import sql_tables as tables
from handclasp.adapters.spool import DiskSpool
from handclasp.adapters.sql_engine import failures
from handclasp.adapters.sql_postgres import Lines
from handclasp.adapters.sql_rows import entry_of, event_of, moment_of, record_of, serial_text, standing_of
from handclasp.adapters.sql_sqlite import FileLines
from handclasp.adapters.sql_wanted import conditions, order_of
from handclasp.model.errors import Bug, WorldError
from handclasp.model.issuance import (
    EVERY,
    AuditEvent,
    Authority,
    CertificateRecord,
    CertificateState,
    Entry,
    Holder,
    KeptCrl,
    Order,
    Reason,
    Revocation,
    Standing,
    Wanted,
)
from handclasp.model.octets import Octets, whole
from handclasp.pki.names import fold

_CERTIFICATE = tables.certificate.c
_MOST_PARAMETERS = 500  # in one statement: every database takes that many
_AT_ONCE = 1_000
_SORTED = 20_000  # in an order that no index has: the database sorts for each page
_MOST_TURNS = 50  # in which a CRL that is read may be replaced by the next one
_REASONS: dict[str | None, Reason | None] = {None: None} | {reason.value: reason for reason in Reason}


class SqlQuestions:
    """Questions to a migrated database.

    Args:
        engine: from sql_engine or sql_postgres.
        where: the database in words, for messages.
        lines: what the connections of this process go through.
    """

    def __init__(self, engine: Engine, where: str, lines: FileLines | Lines) -> None:
        self._engine = engine
        self._where = where
        self._lines = lines

    def authorities(self) -> tuple[Authority, ...]:
        """All CAs, roots first."""
        rows = self._short(statements.AUTHORITIES, {})
        return tuple(Authority(label=row.label, parent=row.parent, certificate=row.certificate, key=row.key) for row in rows)

    def certificates(self, *, name: str | None = None) -> tuple[CertificateRecord, ...]:
        """Records in order of creation, of one identity or of all."""
        if name is None:
            return self._records(select(tables.certificate).order_by(_CERTIFICATE.position))
        return tuple(map(record_of, self._short(statements.OF_NAME, {"asked_key": fold(name), "asked_name": name})))

    def walk(self) -> Iterator[CertificateRecord]:
        """What `certificates` gives of all, one by one: a million of them need no memory."""
        return map(record_of, self._walked(select(tables.certificate), (_CERTIFICATE.position,)))

    def entries(self, *, after: int) -> Iterator[Entry]:
        """Records in the order in which they were made, behind that position, a page at a time and nothing open between."""
        while page := self._short(statements.ENTRIES, {"asked_after": after}):
            yield from map(entry_of, page)
            after = page[-1][0]

    def standings(self, wanted: Wanted = EVERY, order: Order = Order.CREATED) -> Iterator[Standing]:
        """Records without their certificates, one by one."""
        query = select(*statements.STANDING, _CERTIFICATE.position, _CERTIFICATE.name_key).where(*conditions(wanted))
        return map(standing_of, self._walked(query, order_of(order), indexed=order is not Order.END))

    def count(self, wanted: Wanted = EVERY) -> int:
        """How many `standings` gives."""
        return int(self._rows(select(func.count()).select_from(tables.certificate).where(*conditions(wanted)))[0][0])

    def latest(self) -> tuple[str, int] | None:
        """Issuer and serial of the record that was made last."""
        rows = self._short(statements.LATEST, {})
        return (rows[0].issuer, int(rows[0].serial, 16)) if rows else None

    def find(self, issuer: str, serial: int) -> CertificateRecord | None:
        """One record, or None when this CA never intended that serial."""
        return self.find_many(issuer, (serial,)).get(serial)

    def find_many(self, issuer: str, serials: Sequence[int]) -> dict[int, CertificateRecord]:
        """Several records in one lookup, by serial; those that this CA never intended are not in it."""
        texts = [serial_text(serial) for serial in serials if 0 <= serial < 1 << 160]
        if len(texts) == 1:  # what nearly every OCSP request asks; the statement is built once
            rows = self._short(statements.ONE, {"asked_issuer": issuer, "asked_serial": texts[0]})
            return {int(row.serial, 16): record_of(row) for row in rows}
        if not texts:
            return {}
        query = select(tables.certificate).where(_CERTIFICATE.issuer == issuer, _CERTIFICATE.serial.in_(texts))
        return {record.serial: record for record in self._records(query)}

    def with_key(self, digest: str) -> tuple[CertificateRecord, ...]:
        """Records whose certified key (SubjectPublicKeyInfo, DER) has this SHA-256, in hex."""
        return tuple(record_of(row) for row in self._short(statements.WITH_KEY, {"asked_key": digest}))

    def pending(self) -> tuple[CertificateRecord, ...]:
        """Records still in state intent: signing now, or left by an interrupted run."""
        return tuple(map(record_of, self._short(statements.PENDING, {})))

    def unexported(self) -> tuple[CertificateRecord, ...]:
        """Issued or revoked records whose files were never reported complete."""
        return tuple(map(record_of, self._short(statements.UNEXPORTED, {})))

    def holders(self, name_keys: Sequence[str]) -> tuple[Holder, ...]:
        """Who has one of these folded names (pki.names.fold); of each, in order of creation."""
        if isinstance(self._lines, FileLines) or len(name_keys) == 1:
            # Each for itself: a list is written into its statement anew each time, which takes as long as asking a file for 20.
            rows = [row for key in name_keys for row in self._short(statements.HOLDERS_OF_ONE, {"asked_keys": key})]
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
        query = select(tables.certificate).where(_CERTIFICATE.issuer == issuer, tables.REVOKED)
        return self._records(query.order_by(_CERTIFICATE.serial))

    def revocations(self, issuer: str) -> Iterator[Revocation]:
        """What `revoked` gives, without the certificates and one by one: asked for a page at a time, whatever the database."""
        last = ""
        while page := self._rows(statements.REVOCATIONS, {"asked_issuer": issuer, "asked_after": last}):
            for row in page:
                last, revoked_at, reason, not_after, name = tuple(row)  # the next page begins behind it
                if revoked_at is None:
                    raise Bug("a revoked record has no date", where=name)
                yield Revocation(int(last, 16), moment_of(revoked_at), _REASONS[reason], moment_of(not_after), name)

    def issued(self, issuer: str) -> Iterator[CertificateRecord]:
        """Records of a CA that are neither pending, abandoned nor revoked, the newest first, one by one."""
        state = _CERTIFICATE.state == CertificateState.ISSUED.value
        query = select(tables.certificate).where(_CERTIFICATE.issuer == issuer, state)
        return map(record_of, self._walked(query, (_CERTIFICATE.position,), latest_first=True))

    def crl_period(self, issuer: str) -> tuple[datetime, datetime] | None:
        """When the newest CRL of a CA begins and ends."""
        head = self._crl_head(issuer)
        return (head.this_update, head.next_update) if head is not None else None

    def last_crl_number(self, issuer: str) -> int:
        """The highest number that a CRL of this CA may have had, 0 before the first."""
        rows = self._short(statements.CRL_COUNTER, {"asked_issuer": issuer})
        return rows[0].number if rows else 0

    def newest_crl(self, issuer: str) -> KeptCrl | None:
        """The newest CRL of a CA, collected outside of memory; if another takes its place meanwhile, that one."""
        for _ in range(_MOST_TURNS):
            head = self._crl_head(issuer)
            if head is None:
                return None
            content = self._crl_content(issuer, head.number)
            if content is not None:
                return KeptCrl(head.number, head.this_update, head.next_update, content)
        raise WorldError(f"the newest CRL of the {issuer} CA lacks a part", where=self._where, hint="handclasp restore BACKUP")

    def latest_crl(self, issuer: str) -> bytes | None:
        """DER of the newest CRL of a CA, in memory."""
        found = self.newest_crl(issuer)
        return whole(found.content) if found is not None else None

    def _crl_head(self, issuer: str) -> Row[Any] | None:
        rows = self._short(statements.NEWEST_CRL, {"asked_issuer": issuer})
        return rows[0] if rows else None

    def _crl_content(self, issuer: str, number: int) -> Octets | None:
        asked, spool = {"asked_issuer": issuer, "asked_number": number}, DiskSpool()
        count = self._short(statements.CRL_PARTS, asked)[0][0]
        for part in range(count):
            found = self._short(statements.CRL_PART, asked | {"asked_part": part})
            if not found:
                return None
            spool.append(found[0].content)
        return spool if count else None

    def audit_events(self, *, after: int = 0) -> Iterator[AuditEvent]:
        """The audit log from the beginning, or what follows the event of that number, one by one."""
        return map(event_of, self._following(statements.EVENTS, after))

    def audit_actions(self, *, after: int) -> Iterator[tuple[int, str]]:
        """What happened after the event of that number, one by one: the number of each event, and its action."""
        return ((row.sequence, row.action) for row in self._following(statements.ACTIONS, after))

    def _following(self, statement: Select[Any], after: int) -> Iterator[Row[Any]]:
        found = self._short(statement, {"asked_after": after})
        while found:
            yield from found
            whole = len(found) == statements.EVENTS_AT_ONCE
            found = self._short(statement, {"asked_after": found[-1].sequence}) if whole else []

    def last_audit_number(self) -> int:
        """The number of the newest event, 0 before the first. What the CA is and did does not change without another."""
        return int(self._short(statements.LAST_NUMBER, {})[0].number)

    def last_audit_event(self) -> AuditEvent | None:
        """The newest event, or None before the first."""
        rows = self._short(statements.LAST_EVENT, {})
        return event_of(rows[0]) if rows else None

    def values(self, prefix: str) -> dict[str, str]:
        """Every setting whose key begins so (ASCII)."""
        beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self._short(statements.SETTINGS, {"asked_from": prefix, "asked_until": beyond})
        return {row.key: row.value for row in found if row.key.startswith(prefix)}

    def value(self, key: str) -> str | None:
        """A setting made with set_value."""
        rows = self._short(statements.SETTING, {"asked_key": key})
        return rows[0].value if rows else None

    def _walked(
        self, query: Select[Any], order: tuple[Column[Any], ...], *, latest_first: bool = False, indexed: bool = True
    ) -> Iterator[Row[Any]]:
        """Rows in an order that tells every two apart, whose columns are among the query's; few of them are in memory.

        A page at a time where the driver would fetch everything at once. Between two pages nothing is open: neither a cursor,
        which a lost connection leaves behind, nor a transaction, which the server would end when whoever reads takes long.
        """
        sorting = [column.desc() if latest_first else column for column in order]
        if isinstance(self._lines, FileLines):
            yield from self._streamed(query.order_by(*sorting))
            return
        size = _AT_ONCE if indexed else _SORTED
        place, page = tuple_(*order), query.order_by(*sorting).limit(size)
        found = self._rows(page)
        yield from found
        while len(found) == size:
            last = tuple_(*(getattr(found[-1], column.key) for column in order), types=[column.type for column in order])
            found = self._rows(page.where(place < last if latest_first else place > last))
            yield from found

    def _streamed(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with (
            failures(self._where),
            self._engine.connect() as connection,
            connection.execute(query) as rows,
        ):
            yield from rows.yield_per(_AT_ONCE)

    def _records(self, query: Select[Any]) -> tuple[CertificateRecord, ...]:
        return tuple(record_of(row) for row in self._rows(query))

    def _rows(self, query: Select[Any], asked: dict[str, Any] | None = None) -> list[Row[Any]]:
        with failures(self._where), self._engine.connect() as connection:
            return list(connection.execute(query, asked))

    def _short(self, query: Select[Any], asked: dict[str, Any]) -> list[Row[Any]]:
        """As `_rows`, for what is asked all day long."""
        if isinstance(self._lines, FileLines):
            with failures(self._where):
                return self._lines.rows(query, asked)
        return self._rows(query, asked)
