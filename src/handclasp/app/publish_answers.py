"""OCSP answers as files, for however many certificates: signed by several processes, a batch at a time, nothing kept of them.

An answer that says what is true and has half of its life before it stays. The ledger (publish_ledger) tells which ones need not
be looked at: so a run after a revocation reads two files and signs two answers, among however many.
"""

import base64
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, TypeVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp

from handclasp.app.home import Home
from handclasp.app.ocsp_responders import Responder
from handclasp.app.publish_ledger import Head, Ledger, Place, Segment, changed, head_of, merged, place_of
from handclasp.model.errors import InputError
from handclasp.model.issuance import CertificateRecord, CertificateState, Standing, Wanted
from handclasp.model.ocsp import CertStatus, Status
from handclasp.pki.ocsp_request import cert_id, write_request
from handclasp.pki.ocsp_response import Signer, said_until, sign_response
from handclasp.ports.files import Shelf
from handclasp.ports.workers import Crew, Workers

A = TypeVar("A")
Watch = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Is told of how many certificates there will be, and then, each time, how many were done."""

_HASHES = ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1")
END = "index.ocsp"  # the file of a request whose base64 ends in a slash
_AT_ONCE = 500
_UNDER_WAY = 8  # batches
_HALF = 0.52  # and a little: whoever comes every half life must not come too early one time, and too late the next
_STATES = (CertificateState.REVOKED, CertificateState.ISSUED)


class Pressed(NamedTuple):
    """Answers that stand there now, those of them that were signed now, and when the first of all ends."""

    answers: int = 0
    signed: int = 0
    until: datetime | None = None

    def with_(self, other: "Pressed") -> "Pressed":
        """Both together."""
        ends = [one.until for one in (self, other) if one.until is not None]
        return Pressed(self.answers + other.answers, self.signed + other.signed, min(ends, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What a worker needs: where the answers go, what they say of time, and who signs for which CA."""

    shelf: Shelf
    folder: str
    now: datetime
    validity: timedelta
    responders: dict[str, Responder]

    def press(self, records: list[Standing]) -> Pressed:
        """Bring the answers about some certificates up to date."""
        done = Pressed()
        for record in records:
            responder = self.responders.get(record.issuer)
            if responder is not None and responder.signer is not None:
                for oid in _HASHES:
                    done = done.with_(self._one(record, responder, responder.signer, oid))
        return done

    def _one(self, record: Standing, responder: Responder, signer: Signer, oid: str) -> Pressed:
        asked = cert_id(responder.issuer, record.serial, oid)
        path = f"{self.folder}/{answer_path(write_request(asked.encoded))}"
        if record.state is CertificateState.REVOKED:
            said = CertStatus(cert_id=asked, status=Status.REVOKED, revoked_at=record.revoked_at, reason=record.reason)
        else:
            said = CertStatus(cert_id=asked, status=Status.GOOD if record.signed else Status.UNKNOWN)
        kept = self._kept(path, said, signer)
        if kept is not None:
            return Pressed(1, 0, kept)
        until = min(self.now + self.validity, signer.until)
        self.shelf.write_page(path, sign_response(signer, (said,), now=self.now, next_update=until))
        return Pressed(1, 1, until)

    def fresh(self, until: datetime | None) -> bool:
        """Whether answers that end then may stay. One that ends too late was made for a longer life, or by a wrong clock."""
        return until is not None and self.validity * _HALF < until - self.now <= self.validity

    def signers(self) -> dict[str, str]:
        """Who signs: SHA-256 of the responder's certificate, by CA."""
        found = ((label, one.signer) for label, one in self.responders.items())
        return {label: signer.certificate.fingerprint(SHA256()).hex() for label, signer in found if signer is not None}

    def _kept(self, path: str, said: CertStatus, signer: Signer) -> datetime | None:
        """When the answer that lies there ends, if it may stay: it says this, is of this signer, and has half its life."""
        try:
            until = said_until(self.shelf.read(path), said, signer)
        except InputError:
            return None
        return until if self.fresh(until) else None


def answer_path(request: bytes) -> str:
    """Where the answer to a GET lies below `ocsp`: the base64 itself; a slash in it is a folder, one at its end an index."""
    text = base64.b64encode(request).decode()
    return f"{text}{END}" if text.endswith("/") else text


@dataclass(frozen=True, slots=True)
class _Shift:
    """A crew that is at work: batches are handed out, results taken in turn. `step` is told how many certificates were done."""

    crew: Crew[Press]
    step: Callable[[int], None]

    def press(self, batches: Iterable[list[Standing]]) -> Pressed:
        """Bring the answers about all these up to date."""
        done, under_way = Pressed(), deque[tuple[int, Callable[[], Pressed]]]()
        for batch in batches:
            under_way.append((len(batch), self.crew.submit(Press.press, batch)))
            if len(under_way) >= _UNDER_WAY:
                done = self._taken(under_way, done)
        while under_way:
            done = self._taken(under_way, done)
        return done

    def _taken(self, under_way: deque[tuple[int, Callable[[], Pressed]]], done: Pressed) -> Pressed:
        count, result = under_way.popleft()
        done = done.with_(result())
        self.step(count)
        return done


def press_answers(home: Home, press: Press, workers: Workers, former: Ledger | None, watch: Watch) -> tuple[Pressed, Ledger]:
    """Bring the answers up to date, and write down what is there then; those about revoked certificates come first.

    Looked at are: what changed since the `former` run, what is new, and what lost half its life. None: everything.

    Raises:
        WorldError: the disk failed, or a worker was killed; every file there is whole, old or new.
    """
    head = head_of(home)
    spans = _spans(former.segments if former else (), head)
    due = [span for span in spans if not press.fresh(span.there.until)]
    total = sum(home.store.count(span.wanted(press.now)) for span in due)
    with watch(total) as step, workers.crew(press) as crew:
        crew.submit(Press.press, [])()  # workers begin before the registry is open: it is not theirs
        shift = _Shift(crew, step)
        told = shift.press(_told(home, changed(home, former), press.now)) if former else Pressed()
        found = {span: shift.press(_batches(span.revoked_first(home, press.now))) for span in due}
        last = spans[len(former.segments) - 1] if former and former.segments else None
        if former and last and last not in found:  # no intent of then was made behind it
            late = map(place_of, former.head.pending)
            found[last] = last.there.with_(shift.press(_told(home, late, press.now)))
    segments = merged((span.after(found.get(span), press) for span in spans), press.validity)
    ledger = Ledger(
        validity=press.validity,
        signers=press.signers(),
        head=head,
        segments=segments,
        swept=former.swept if former else press.now,
    )
    ends = [one.until for one in segments if one.answers]
    signed = told.signed + sum(one.signed for one in found.values())
    return Pressed(sum(one.answers for one in segments), signed, min(ends, default=None)), ledger


@dataclass(frozen=True, slots=True)
class _Span:
    """Certificates in order of creation: those of a segment, or what is behind the last one (`segment` None)."""

    behind: Place | None
    upto: Place
    segment: Segment | None

    @property
    def there(self) -> Pressed:
        """What the last run left."""
        return Pressed(self.segment.answers, 0, self.segment.until) if self.segment else Pressed()

    def wanted(self, now: datetime) -> Wanted:
        """Those that need an answer."""
        behind = place_of(self.behind) if self.behind else None
        return Wanted(states=_STATES, lasting=now, behind=behind, upto=place_of(self.upto))

    def revoked_first(self, home: Home, now: datetime) -> Iterator[Standing]:
        """The same, one by one."""
        for state in _STATES:
            yield from home.store.standings(replace(self.wanted(now), states=(state,)))

    def after(self, pressed: Pressed | None, press: Press) -> Segment:
        """The segment as it is now. None: it was left alone."""
        found = pressed or self.there
        return Segment(self.upto, found.answers, found.until or press.now + press.validity)


def _spans(segments: tuple[Segment, ...], head: Head) -> tuple[_Span, ...]:
    before = (None, *(one.upto for one in segments))
    found = [_Span(behind, one.upto, one) for behind, one in zip(before, segments, strict=False)]
    if head.latest is not None and head.latest != before[-1]:
        found.append(_Span(before[-1], head.latest, None))
    return tuple(found)


def _told(home: Home, places: Iterable[tuple[str, int]], now: datetime) -> Iterator[list[Standing]]:
    """The records of these places that are in their life, and need an answer."""
    for batch in _batches(places):
        by_issuer: dict[str, list[int]] = {}
        for issuer, serial in batch:
            by_issuer.setdefault(issuer, []).append(serial)
        for issuer, serials in by_issuer.items():
            found = home.store.find_many(issuer, serials).values()
            yield [_standing(one) for one in found if one.state in _STATES and one.not_after > now]


def _standing(one: CertificateRecord) -> Standing:
    lives = (one.not_before, one.not_after, one.certificate is not None)
    return Standing(one.serial, one.issuer, one.profile, one.name, one.state, *lives, one.revoked_at, one.reason)


def clear_ended(shelf: Shelf, folder: str, *, now: datetime, validity: timedelta) -> int:
    """Take answers away that nobody signs any more, once they ended, and what a killed run left; how many they were."""
    gone = 0
    for path in shelf.aged(folder, before=now - validity):
        if _ended(shelf.read(path), now):
            shelf.remove_page(path, below=folder)
            gone += 1
    return gone


def _ended(content: bytes, now: datetime) -> bool:
    try:
        until = ocsp.load_der_ocsp_response(content).next_update_utc
    except ValueError:
        return True  # it is none: a run was killed while it wrote
    return until is None or until <= now


def _batches(walk: Iterable[A]) -> Iterator[list[A]]:
    walking = iter(walk)
    while some := [*islice(walking, _AT_ONCE)]:
        yield some
