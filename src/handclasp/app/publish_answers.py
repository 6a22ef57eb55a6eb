"""OCSP answers as files, for however many certificates: signed by several processes, a batch at a time, nothing kept of them.

An answer that says what is true and has half of its life before it stays; so a run after a revocation signs two.
"""

import base64
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from cryptography.x509 import ocsp

from handclasp.app.home import Home
from handclasp.app.ocsp_responders import Responder
from handclasp.model.errors import InputError
from handclasp.model.issuance import CertificateState, Standing, Wanted
from handclasp.model.ocsp import CertStatus, Status
from handclasp.pki.ocsp_request import cert_id, write_request
from handclasp.pki.ocsp_response import Signer, said_until, sign_response
from handclasp.ports.files import Shelf
from handclasp.ports.workers import Workers

_HASHES = ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1")
END = "index.ocsp"  # the file of a request whose base64 ends in a slash
_AT_ONCE = 500
_UNDER_WAY = 8  # batches
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

    def _kept(self, path: str, said: CertStatus, signer: Signer) -> datetime | None:
        """When the answer that lies there ends, if it may stay: it says this, is of this signer, and has half its life."""
        try:
            until = said_until(self.shelf.read(path), said, signer)
        except InputError:
            return None
        return until if until is not None and until - self.now > self.validity / 2 else None


def answer_path(request: bytes) -> str:
    """Where the answer to a GET lies below `ocsp`: the base64 itself; a slash in it is a folder, one at its end an index."""
    text = base64.b64encode(request).decode()
    return f"{text}{END}" if text.endswith("/") else text


def press_answers(home: Home, press: Press, workers: Workers, step: Callable[[int], None]) -> Pressed:
    """Bring all answers up to date, those about revoked certificates first. `step`: is told how many certificates were done.

    Raises:
        WorldError: the disk failed, or a worker was killed; every file there is whole, old or new.
    """
    done, under_way = Pressed(), deque[tuple[int, Callable[[], Pressed]]]()
    with workers.crew(press) as crew:
        crew.submit(Press.press, [])()  # workers begin before the registry is open: it is not theirs
        for batch in _batches(asked_about(home, press.now)):
            under_way.append((len(batch), crew.submit(Press.press, batch)))
            if len(under_way) >= _UNDER_WAY:
                done = _taken(under_way, done, step)
        while under_way:
            done = _taken(under_way, done, step)
    return done


def asked_about(home: Home, now: datetime) -> Iterator[Standing]:
    """Unexpired certificates, the revoked ones first."""
    for state in _STATES:
        yield from home.store.standings(Wanted(states=(state,), lasting=now))


def how_many(home: Home, now: datetime) -> int:
    """How many certificates `asked_about` gives."""
    return home.store.count(Wanted(states=_STATES, lasting=now))


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


def _taken(under_way: deque[tuple[int, Callable[[], Pressed]]], done: Pressed, step: Callable[[int], None]) -> Pressed:
    count, result = under_way.popleft()
    done = done.with_(result())
    step(count)
    return done


def _batches(records: Iterable[Standing]) -> Iterator[list[Standing]]:
    walk = iter(records)
    while some := [*islice(walk, _AT_ONCE)]:
        yield some
