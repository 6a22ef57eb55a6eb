"""What a folder of OCSP answers is known to hold, so that a run looks at what changed since the last one and at nothing else.

Kept beside the answers, and believed only while registry, responders and validity are those it was written for. It is no
secret and proves nothing: whoever can write there can write answers too, and an answer is good by its signature alone.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Self

import msgspec

from handclasp.app.home import Home
from handclasp.model.errors import InputError
from handclasp.model.issuance import AuditEvent
from handclasp.ports.files import FileTree

_FORMAT = 1
_MERGED = 24  # a part of the validity: segments whose answers end as near to each other as that become one
_SAME = frozenset(
    (
        "intent", "issued", "fleet-intent", "fleet-issued", "canary-made", "responder-made", "signer-made", "crl-signed",
        "revocation-proven", "exported", "authority-exported", "link-made", "bundle-taken", "host-set", "host-dropped",
        "host-cas-read", "backup", "passphrase-changed", "token-named", "addresses",
    )
)  # fmt: skip
"""Events after which the answers about everything that is neither new nor unfinished are what they were."""
_TOLD = frozenset(("revoked", "released", "abandoned"))
"""Events that name the certificate whose answer is another now."""

Place = tuple[str, str]
"""Issuer, and serial in hex."""


class Segment(msgspec.Struct, frozen=True):
    """Certificates in order of creation, from behind the last segment's to `upto`. `until`: when the first answer ends."""

    upto: Place
    answers: int
    until: datetime

    def joined(self, other: Self) -> Self:
        """This and the next one."""
        return type(self)(other.upto, self.answers + other.answers, min(self.until, other.until))


class Head(msgspec.Struct, frozen=True):
    """The registry at a moment: the newest event of its log, the newest record, and the intents that may be signed yet."""

    sequence: int
    digest: str
    latest: Place | None
    pending: tuple[Place, ...]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What a run left. `signers`: SHA-256 of the responder's certificate by CA; `swept`: when what had ended was cleared."""

    format: int = _FORMAT
    validity: timedelta
    signers: dict[str, str]
    head: Head
    segments: tuple[Segment, ...]
    swept: datetime

    def fits(self, *, validity: timedelta, signers: dict[str, str], now: datetime) -> bool:
        """Whether the answers would still be made so. What was swept later than now was so by a clock that was wrong."""
        return (self.format, self.validity, self.signers) == (_FORMAT, validity, signers) and self.swept <= now


def head_of(home: Home) -> Head:
    """What is read of the certificates afterwards is as new as this, or newer."""
    last, latest = home.store.last_audit_event(), home.store.latest()
    pending = tuple((record.issuer, f"{record.serial:X}") for record in home.store.pending())
    return Head(last.sequence if last else 0, last.digest if last else "", _written(latest) if latest else None, pending)


def read_ledger(files: FileTree, path: str) -> Ledger | None:
    """The ledger of a folder; None when there is none that can be read."""
    try:
        return msgspec.json.decode(files.read(path), type=Ledger)
    except (InputError, msgspec.MsgspecError):
        return None


def encoded(ledger: Ledger) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(ledger)


def goes_on(home: Home, ledger: Ledger) -> bool:
    """Whether the registry is the one of the ledger with more in it, and nothing in that could be about answers at large."""
    events = home.store.audit_events(after=ledger.head.sequence - 1)
    first = next(events, None)
    known = all(home.store.find(*place_of(one.upto)) is not None for one in ledger.segments)
    if not known or first is None or (first.sequence, first.digest) != (ledger.head.sequence, ledger.head.digest):
        return False
    return all(event.action in _SAME or _names(event) for event in events)


def changed(home: Home, ledger: Ledger) -> Iterator[tuple[str, int]]:
    """Issuer and serial of what something happened to since; one may come twice."""
    for event in home.store.audit_events(after=ledger.head.sequence):
        if _names(event):
            yield event.details["issuer"], int(event.details["serial"], 16)


def merged(segments: Iterable[Segment], validity: timedelta) -> tuple[Segment, ...]:
    """Neighbours whose answers end at nearly the same time are one, so that there are never many."""
    found: list[Segment] = []
    for one in segments:
        if found and abs(found[-1].until - one.until) <= validity / _MERGED:
            found[-1] = found[-1].joined(one)
        else:
            found.append(one)
    return tuple(found)


def place_of(place: Place) -> tuple[str, int]:
    """Issuer and serial."""
    return place[0], int(place[1], 16)


def _names(event: AuditEvent) -> bool:
    return event.action in _TOLD and {"issuer", "serial"} <= event.details.keys()


def _written(place: tuple[str, int]) -> Place:
    return place[0], f"{place[1]:X}"
