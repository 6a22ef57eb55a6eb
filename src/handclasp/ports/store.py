"""What the certificate authority remembers. One transaction per change, with its audit event."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from handclasp.model.issuance import (
    EVERY,
    AuditEvent,
    Authority,
    CertificateRecord,
    Entry,
    Holder,
    Intent,
    KeptCrl,
    NewEvent,
    Order,
    Reason,
    Revocation,
    Standing,
    Wanted,
)
from handclasp.model.octets import Octets
from handclasp.model.repeats import KeptAnswer, Repeat


class Transaction(Protocol):
    """Changes that become durable together when the `with` block ends, or not at all."""

    def add_authority(self, authority: Authority) -> None:
        """Remember a CA; PolicyError if its label is taken."""
        ...

    def add_intent(self, intent: Intent) -> None:
        """Make an intent; the (issuer, serial) pair is unique."""
        ...

    def add_intents(self, intents: Iterable[Intent]) -> None:
        """Many intents at once."""
        ...

    def record_handed(self, issuer: str, signed: Iterable[tuple[int, bytes, str]]) -> None:
        """Attach signed certificates to their intents, and mark them issued and exported: the home has no files of them.

        Each is serial, DER, and SHA-256 of its key (SubjectPublicKeyInfo, DER) in hex.
        """
        ...

    def record_issued(self, issuer: str, serial: int, certificate: bytes) -> None:
        """Attach the signed certificate (DER) to its intent and mark it issued."""
        ...

    def mark_exported(self, issuer: str, serial: int) -> None:
        """The files of an issued certificate are complete; recovery need not look at them again."""
        ...

    def abandon(self, issuer: str, serial: int) -> None:
        """Mark an intent whose signature never came; it stays revocable."""
        ...

    def revoke(self, issuer: str, serial: int, *, at: datetime, reason: Reason) -> None:
        """Mark revoked. Revoking twice keeps the first date, and the first reason unless that was certificateHold."""
        ...

    def revoke_all(self, which: Iterable[tuple[str, int]], *, at: datetime, reason: Reason) -> None:
        """Several (issuer, serial) at once, each as `revoke` does it."""
        ...

    def release(self, issuer: str, serial: int) -> None:
        """Lift a hold: what was revoked with reason certificateHold is as before. Anything else stays as it is."""
        ...

    def next_crl_number(self, issuer: str) -> int:
        """The next CRL number of this CA: strictly increasing for ever (invariant I6)."""
        ...

    def skip_crl_numbers(self, issuer: str, count: int) -> None:
        """Leave numbers out: those that a lost registry may have used."""
        ...

    def save_crl(self, issuer: str, *, number: int, der: Octets, this_update: datetime, next_update: datetime) -> None:
        """Remember a signed CRL, a part at a time; older ones of the same CA are dropped, their numbers stay used."""
        ...

    def audit(self, *, at: datetime, actor: str, action: str, subject: str, details: dict[str, str]) -> None:
        """Append one hash-chained event."""
        ...

    def audit_all(self, events: Iterable[NewEvent]) -> int:
        """Append several, in this order; the number of the last one."""
        ...

    def set_value(self, key: str, value: str) -> None:
        """Remember a small setting of this home (for example the session cache epoch)."""
        ...

    def begin_request(self, key: str, *, request: str, at: datetime, since: datetime) -> Repeat | None:
        """What an idempotency key is for since then; None when it is new, and from now on it is for this request."""
        ...

    def end_request(self, key: str, answer: KeptAnswer | None) -> None:
        """Keep the answer to the request of this key; None: forget the key."""
        ...


class Store(Protocol):
    """The registry behind the CA. Reads see committed state only. Unreachable or damaged: WorldError, never emptiness."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """Start a write transaction; commits at the end of the block, rolls back on an exception."""
        ...

    def close(self) -> None:
        """Let every connection go."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep the processes of other hosts that share this registry from changing it, for a job of several transactions."""
        ...

    def snapshot(self) -> bytes:
        """The whole registry as one file; WorldError where the database has its own tools for that."""
        ...

    def authorities(self) -> tuple[Authority, ...]:
        """All CAs, roots first."""
        ...

    def certificates(self, *, name: str | None = None) -> tuple[CertificateRecord, ...]:
        """Records in order of creation, of one identity or of all."""
        ...

    def walk(self) -> Iterator[CertificateRecord]:
        """What `certificates` gives of all, one by one: a million of them need no memory."""
        ...

    def entries(self, *, after: int) -> Iterator[Entry]:
        """Records in the order in which they were made, behind that position, one by one.

        ValueError where one was written by others and cannot be read.
        """
        ...

    def standings(self, wanted: Wanted = EVERY, order: Order = Order.CREATED) -> Iterator[Standing]:
        """Records without their certificates, one by one."""
        ...

    def count(self, wanted: Wanted = EVERY) -> int:
        """How many `standings` gives."""
        ...

    def latest(self) -> tuple[str, int] | None:
        """Issuer and serial of the record that was made last."""
        ...

    def find(self, issuer: str, serial: int) -> CertificateRecord | None:
        """One record, or None when this CA never intended that serial."""
        ...

    def find_many(self, issuer: str, serials: Sequence[int]) -> dict[int, CertificateRecord]:
        """Several records in one lookup, by serial; those that this CA never intended are not in it."""
        ...

    def version(self) -> int:
        """A number that is another after every committed change, whoever made it. Cheap: microseconds on SQLite."""
        ...

    def with_key(self, digest: str) -> tuple[CertificateRecord, ...]:
        """Records whose certified key (SubjectPublicKeyInfo, DER) has this SHA-256, in hex."""
        ...

    def pending(self) -> tuple[CertificateRecord, ...]:
        """Records still in state intent: signing now, or left by an interrupted run."""
        ...

    def unexported(self) -> tuple[CertificateRecord, ...]:
        """Issued or revoked records whose files were never reported complete."""
        ...

    def holders(self, name_keys: Sequence[str]) -> tuple[Holder, ...]:
        """Who has one of these folded names (pki.names.fold); of each, in order of creation."""
        ...

    def known(self, name_keys: Sequence[str]) -> frozenset[str]:
        """Those of these folded names (pki.names.fold) that have a record which may have become a certificate."""
        ...

    def revoked(self, issuer: str) -> Iterable[CertificateRecord]:
        """Every revoked record of a CA, by serial."""
        ...

    def revocations(self, issuer: str) -> Iterator[Revocation]:
        """What `revoked` gives, without the certificates and one by one: a million of them fit."""
        ...

    def issued(self, issuer: str) -> Iterator[CertificateRecord]:
        """Records of a CA that are neither pending, abandoned nor revoked, the newest first, one by one."""
        ...

    def newest_crl(self, issuer: str) -> KeptCrl | None:
        """The newest CRL of a CA; its content stays outside of memory when it is long."""
        ...

    def crl_period(self, issuer: str) -> tuple[datetime, datetime] | None:
        """When the newest CRL of a CA begins and ends."""
        ...

    def last_crl_number(self, issuer: str) -> int:
        """The highest number that a CRL of this CA may have had, numbers left out included; 0 before the first."""
        ...

    def latest_crl(self, issuer: str) -> bytes | None:
        """DER of the newest CRL of a CA, in memory."""
        ...

    def audit_events(self, *, after: int = 0) -> Iterator[AuditEvent]:
        """The audit log from the beginning, or what follows the event of that number, one by one."""
        ...

    def audit_actions(self, *, after: int) -> Iterator[tuple[int, str]]:
        """What happened after the event of that number, one by one: the number of each event, and its action."""
        ...

    def last_audit_number(self) -> int:
        """The number of the newest event, 0 before the first. What the CA is and did does not change without another."""
        ...

    def last_audit_event(self) -> AuditEvent | None:
        """The newest event, or None before the first."""
        ...

    def values(self, prefix: str) -> dict[str, str]:
        """Every setting whose key begins so (ASCII)."""
        ...

    def value(self, key: str) -> str | None:
        """A setting made with set_value."""
        ...
