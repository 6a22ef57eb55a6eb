"""Compares the records of the registry with what the audit log says of them.

Every record is made together with its event, in one transaction, and nothing deletes any: so the records, in the order in
which they were made, are those of the events, in theirs. Both are read once, side by side. What the log knows of a certificate
is the digest of what was signed, and of a fleet's the digest over all of these; of an import and a restore only how many
records they made.

Others may be at work meanwhile. What is read after an event is never older than it; what is not there yet is asked for again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

from handclasp.app.record_line import EndOfComparingError, RecordLine
from handclasp.model.issuance import AuditEvent, CertificateState, Entry
from handclasp.pki.serials import format_serial
from handclasp.pki.signed_content import says, to_be_signed
from handclasp.ports.store import Store

_AT_ONCE = 500
_MOST = 20  # faults that are told one by one


@dataclass(slots=True)
class _Fleet:
    """Records of one batch: those behind a position, and the digest over their certificates where all were there."""

    after: int
    count: int
    signed: str | None


@dataclass(slots=True)
class Rows:
    """What is wrong with the records, as far as events went by."""

    line: RecordLine
    faults: list[str] = field(default_factory=list)
    _over: bool = False
    _unsigned: dict[int, Entry] = field(default_factory=dict)
    _fleets: dict[tuple[str, str], _Fleet] = field(default_factory=dict)
    _revoked: dict[tuple[str, int], str] = field(default_factory=dict)
    _suspects: dict[tuple[str, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> "Rows":
        """Those of a registry, before the first event."""
        return cls(line=RecordLine(store))

    def beside(self, events: Iterable[AuditEvent]) -> Iterator[AuditEvent]:
        """The events as they go by; each is compared."""
        for event in events:
            self._guarded(lambda event=event: self._take(event))  # type: ignore[misc]
            yield event

    def end(self, *, after: int) -> None:
        """All events up to that number went by. Records that are left were made without one, or a moment ago."""
        self._guarded(lambda: self._end(after))

    def _guarded(self, compare: Callable[[], None]) -> None:
        if self._over:
            return
        try:
            compare()
        except EndOfComparingError as error:
            self._over = True
            if error.fault is not None:
                self.faults.append(error.fault)

    def _take(self, event: AuditEvent) -> None:
        compare = self._COMPARED.get(event.action)
        if compare is not None:
            compare(self, event)

    def _end(self, after: int) -> None:
        left = tuple(islice(self.line.rest(), _MOST))
        self._look_up()
        suspects = dict(self._suspects)  # who is revoked and released from now on is none
        if left or suspects:
            for event in self.line.store.audit_events(after=after):
                self._take(event)
                if event.action == "released":
                    suspects.pop((_said(event, "issuer"), _serial(event)), None)
        for one in left:
            if one.position > self.line.position:
                self._stranger(one)
        for what in suspects.values():
            self._tell(f"{what} was revoked, and is not any more: no event says so")

    def _intent(self, event: AuditEvent) -> None:
        issuer, serial, digest = _said(event, "issuer"), _serial(event), _said(event, "tbs_sha256")
        if not self.line.reach(lambda one: one.serial == serial and one.issuer == issuer, stranger=self._stranger):
            self._tell(f"{_named(event.subject, serial)} is in the log, and its record is gone")
            return
        entry = self.line.take()
        if entry.name != event.subject:
            self._tell(f"{_of(entry)} has another name in the log: {event.subject}")
        elif entry.tbs_sha256 != digest:
            self._tell(f"{_of(entry)} is not what the log says was to be signed")
        else:
            self._content(entry)
        if entry.certificate is None:
            self._unsigned[serial] = entry

    def _signed(self, event: AuditEvent) -> None:
        """A record that had no certificate has one since, unless it was taken away."""
        serial = _serial(event)
        entry = self._unsigned.pop(serial, None)
        if entry is not None and not self.line.now(entry.issuer, (serial,)).get(serial, (None, False))[1]:
            self._tell(f"the certificate of {_of(entry)} was signed, and is gone")

    def _fleet(self, event: AuditEvent) -> None:
        issuer, count, told = _said(event, "issuer"), _count(event, "intents"), _said(event, "sha256")
        contents, signed, taken, whole = hashlib.sha256(), hashlib.sha256(), 0, True
        self.line.reach(lambda one: one.created == event.at and one.issuer == issuer, stranger=self._stranger)
        before = self.line.position
        for entry in self.line.together(event.at, count, lambda one: one.issuer == issuer):
            taken += 1
            contents.update(_octets(entry.tbs_sha256))
            signed.update(hashlib.sha256(entry.certificate or b"").digest())
            whole = whole and entry.certificate is not None
            self._content(entry)
        if (taken, contents.hexdigest()) != (count, told):
            self._tell(f"event {event.sequence} made {count} records of a fleet: some were changed, added or taken away")
            return
        self._fleets[issuer, event.subject] = _Fleet(before, count, signed.hexdigest() if whole else None)

    def _fleet_signed(self, event: AuditEvent) -> None:
        """What was read with the intents may have been signed a moment later."""
        told = _said(event, "sha256")
        fleet = self._fleets.pop((_said(event, "issuer"), event.subject), None)
        if fleet is None:
            return  # told with its intents
        if fleet.signed is None:
            signed = hashlib.sha256()
            for entry in islice(self.line.again(fleet.after), fleet.count):
                signed.update(hashlib.sha256(entry.certificate or b"").digest())
            fleet.signed = signed.hexdigest()
        if fleet.signed != told:
            self._tell(f"event {event.sequence} signed {fleet.count} certificates of a fleet: some are others now, or gone")

    def _imported(self, event: AuditEvent) -> None:
        count = _count(event, "certificates")
        self._several(event, count, count, lambda one: one.issuer == event.subject)

    def _settled(self, event: AuditEvent) -> None:
        found, again = _serials(event, "found"), _serials(event, "revoked again")
        listed = {*found, *again}
        self._several(event, len(found), len(listed), lambda one: one.serial in listed)

    def _accepted(self, event: AuditEvent) -> None:
        serial = _serial(event)  # of a request that was signed in this very home it is there already
        self._several(event, 0, 1, lambda one: one.serial == serial)

    def _several(self, event: AuditEvent, least: int, most: int, of: Callable[[Entry], bool]) -> None:
        if most:
            self.line.reach(lambda one: one.created == event.at and of(one), stranger=self._stranger)
        taken = sum(1 for _ in self.line.together(event.at, most, of))
        if taken < least:
            self._tell(f"event {event.sequence} ({event.action}) made {least} records, and {taken} are there")

    def _content(self, entry: Entry) -> None:
        if not entry.state_possible:
            self._tell(f"{_of(entry)} is {entry.state.value} in the registry, which does not go with its certificate")
        if entry.certificate is None:
            return
        content = to_be_signed(entry.certificate)
        if hashlib.sha256(content).hexdigest() != entry.tbs_sha256:
            self._tell(f"the certificate of {_of(entry)} is not the one that the log says was signed")
        elif not says(content, entry):
            self._tell(f"name, serial or end of {_of(entry)} are not those of its certificate")

    def _forsaken(self, event: AuditEvent) -> None:
        """What another host left behind was revoked; what was never signed was not."""
        if "why" in event.details:
            self._note_revoked(event)

    def _note_revoked(self, event: AuditEvent) -> None:
        self._revoked[_said(event, "issuer"), _serial(event)] = event.subject
        if len(self._revoked) >= _AT_ONCE:
            self._look_up()

    def _released(self, event: AuditEvent) -> None:
        self._look_up()
        self._suspects.pop((_said(event, "issuer"), _serial(event)), None)

    def _look_up(self) -> None:
        """Are those revoked, of whom the last events say so?"""
        noted, self._revoked = self._revoked, {}
        for issuer in {label for label, _ in noted}:
            wanted = {serial: name for (label, serial), name in noted.items() if label == issuer}
            found = self.line.now(issuer, wanted)
            for serial, name in wanted.items():
                if found.get(serial, (None, False))[0] is not CertificateState.REVOKED:
                    self._suspects[issuer, serial] = _named(name, serial)

    def _stranger(self, entry: Entry) -> None:
        self._tell(f"{_of(entry)} is in the registry, and no event made it")

    def _tell(self, fault: str) -> None:
        if len(self.faults) >= _MOST:
            raise EndOfComparingError("more records are not what the log says: the rest was not compared")
        self.faults.append(fault)

    _COMPARED: ClassVar[dict[str, Callable[["Rows", AuditEvent], None]]] = {
        "intent": _intent,
        **dict.fromkeys(
            ("issued", "authority-made", "ca-signed", "canary-made", "responder-made", "signer-made", "root-vouched"), _signed
        ),
        "fleet-intent": _fleet,
        "fleet-issued": _fleet_signed,
        "imported": _imported,
        "settled": _settled,
        "authority-accepted": _accepted,
        "revoked": _note_revoked,
        "authority-revoked": _note_revoked,
        "abandoned": _forsaken,
        "released": _released,
    }
    """What events say of records."""


def _of(entry: Entry) -> str:
    return _named(entry.name, entry.serial)


def _named(name: str, serial: int) -> str:
    return f"{name} (serial {format_serial(serial)})"


def _said(event: AuditEvent, key: str) -> str:
    """What an event says; where it does not, it is of a form that Handclasp wrote formerly, and nothing can be compared."""
    try:
        return event.details[key]
    except KeyError as error:
        raise EndOfComparingError from error


def _count(event: AuditEvent, key: str) -> int:
    try:
        return int(_said(event, key))
    except ValueError as error:
        raise EndOfComparingError from error


def _serial(event: AuditEvent) -> int:
    (serial,) = _serials(event, "serial")[:1] or (0,)
    return serial


def _serials(event: AuditEvent, key: str) -> tuple[int, ...]:
    try:
        return tuple(int(one, 16) for one in _said(event, key).split())
    except ValueError as error:
        raise EndOfComparingError from error


def _octets(digest: str) -> bytes:
    """What was written by hand may be no digest at all: then it is no part of the sum."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""
