"""Answers OCSP requests (RFC 6960, RFC 5019): bytes in, bytes out; one lookup each, or none when the answer is known.

`good` is said only of serials that were really issued. What is kept of earlier answers is checked against the registry's
version each time, so a revocation by any process shows in the next answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from threading import Lock

from handclasp.app.home import Home
from handclasp.app.ocsp_responders import Responder
from handclasp.model.errors import WorldError
from handclasp.model.issuance import CertificateRecord, CertificateState
from handclasp.model.ocsp import CertId, CertStatus, OcspAnswer, OcspError, OcspRequest, Status
from handclasp.pki.ocsp_request import HASHES, RequestReader, cert_id, issuer_hashes, read_request, write_request
from handclasp.pki.ocsp_response import Draft, Signer, draft_response, error_response

VALIDITY = timedelta(hours=1)
"""nextUpdate minus thisUpdate."""

_SECOND = timedelta(seconds=1)
_MOST_DRAFTS = 4096
_FORMS = 8  # requests for one certificate that are kept; nginx, OpenSSL and GnuTLS need one each
_MAX_KEPT_REQUEST = 256
_PREPARED_HASHES = ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1")

ERRORS = {error: OcspAnswer(der=error_response(error), error=error) for error in OcspError}
"""The unsigned answers."""

_QUIET = frozenset(
    (
        *("intent", "issued", "exported", "fleet-intent", "fleet-issued", "crl-signed"),
        *("bundle-taken", "link-made", "host-set", "backup"),
    )
)
"""What changes nothing that was said before. Other events name the certificate they are about, or may be about all."""

Key = tuple[str, int]


@dataclass(slots=True)
class _Kept:
    """Answers by the bytes of their request, which of them speak of a certificate (issuer, serial), and what is known of it."""

    by_request: dict[bytes, OcspAnswer] = field(default_factory=dict)
    about: dict[Key, list[bytes]] = field(default_factory=dict)
    records: dict[Key, CertificateRecord] = field(default_factory=dict)

    def put(self, key: Key, request: bytes, answer: OcspAnswer, capacity: int) -> None:
        forms = self.about.get(key, [])
        if request not in self.by_request:
            if capacity == 0 or len(forms) >= _FORMS:
                return
            if len(self.by_request) >= capacity:
                self.forget(next(iter(self.about)))
            self.about.setdefault(key, []).append(request)
        self.by_request[request] = answer

    def note(self, key: Key, record: CertificateRecord, capacity: int) -> None:
        if len(self.records) >= capacity:
            self.records.clear()
        self.records[key] = record

    def forget(self, key: Key) -> None:
        self.records.pop(key, None)
        for request in self.about.pop(key, ()):
            self.by_request.pop(request, None)

    def clear(self) -> None:
        self.by_request.clear()
        self.about.clear()
        self.records.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drafted:
    """What is said of some certificates in one second, as of one version of the registry."""

    version: int
    now: datetime
    over: datetime
    until: datetime
    statuses: tuple[Status, ...]
    draft: Draft

    def answer(self, nonce: bytes | None) -> OcspAnswer:
        return OcspAnswer(
            der=self.draft.signed(nonce),
            statuses=self.statuses,
            this_update=self.now,
            next_update=self.until,
            fresh=nonce is not None,
        )


class OcspDesk:
    """Answers for all CAs of a home. Safe to use from several threads.

    Args:
        home: read only; the registry's version is asked for at each answer.
        responders: from ocsp_responders.responders; `replace` takes new ones.
        validity: nextUpdate minus thisUpdate; an answer is signed anew when half of it is over.
        capacity: answers to keep, about 1.5 kB each.
    """

    def __init__(
        self, home: Home, responders: Iterable[Responder], *, validity: timedelta = VALIDITY, capacity: int = 50_000
    ) -> None:
        self._home = home
        self._validity, self._half = validity, validity / 2
        self._capacity = capacity
        self._kept = _Kept()
        self._drafts: dict[bytes, _Drafted] = {}
        self._lock = Lock()
        self._reader = RequestReader()
        self._seen = home.store.version()
        self._last_event = _last_sequence(home)
        self.replace(responders)

    def replace(self, responders: Iterable[Responder]) -> None:
        """Answer with these from now on; answers of responders that changed are forgotten."""
        found = tuple(responders)
        index = {(oid, *issuer_hashes(responder.issuer, oid)): responder for responder in found for oid in HASHES}
        with self._lock:
            self._responders, self._index = found, index
            self._kept.clear()
            self._drafts.clear()

    @property
    def responders(self) -> tuple[Responder, ...]:
        """Who answers now."""
        return self._responders

    def quick(self, request: bytes) -> OcspAnswer | None:
        """The answer if it is known and still holds, else None. Takes microseconds, and one look at the registry's version.

        Raises:
            WorldError: the registry cannot be asked whether it still holds.
        """
        return self.kept(request, self.look())

    def look(self) -> datetime:
        """Forget what the registry says otherwise by now; gives the time. WorldError: the registry cannot be asked."""
        self._notice_changes()
        return self._home.clock.now()

    def kept(self, request: bytes, now: datetime) -> OcspAnswer | None:
        """The answer if it is known and holds as of the `look` that was at this time.

        One that begins later was signed by a clock that was ahead: no client would believe it.
        """
        answer = self._kept.by_request.get(request)
        if answer is None or answer.this_update is None:
            return None
        begun, over = answer.this_update, answer.next_update
        fresh = begun <= now < begun + self._half and (over is None or now < over)
        return answer if fresh else None

    def from_memory(self, data: bytes, now: datetime) -> OcspAnswer | None:
        """An answer signed now, if all it speaks of is known as of the last `look`; ValueError when it is no request.

        Who asks the same with another nonce in the same second gets what is drafted, signed once more.
        """
        parts = self._reader.split(data)
        if parts is not None:
            like, nonce = parts
            found = self._drafts.get(like)
            if found is not None and found.version == self._seen and found.now <= now < found.over:
                return found.answer(nonce)
        request = self._reader.read(data)
        found = self._draft_from_memory(request, now.replace(microsecond=0))
        if found is None:
            return None
        parts = self._reader.split(data)
        if parts is not None:
            if len(self._drafts) >= _MOST_DRAFTS:
                self._drafts.clear()
            self._drafts[parts[0]] = found
        return found.answer(request.nonce)

    def answer(self, data: bytes) -> OcspAnswer:
        """The answer to a request. Never raises for what a client sent."""
        try:
            known = self.quick(data)
            if known is not None:
                return known
            request = read_request(data)
        except ValueError:
            return ERRORS[OcspError.MALFORMED_REQUEST]
        except WorldError:
            return ERRORS[OcspError.TRY_LATER]
        try:
            return self._answer(data, request)
        except WorldError:
            return ERRORS[OcspError.TRY_LATER]

    def prepare(self) -> Iterator[int]:
        """Sign the answers for unexpired certificates ahead of the questions, the newest first, as many as are kept.

        Gives each serial after it was done. Answers that are young enough are left as they are.
        """
        room = self._capacity // len(_PREPARED_HASHES)
        for responder in self._responders:
            serials = self._unexpired(responder, room) if responder.signer is not None else []
            room -= len(serials)
            for serial in serials:
                for oid in _PREPARED_HASHES:
                    self.answer(write_request(cert_id(responder.issuer, serial, oid).encoded))
                yield serial

    def _unexpired(self, responder: Responder, most: int) -> list[int]:
        """Serials of its CA that are worth an answer, of however many there are."""
        now, label, store = self._home.clock.now(), responder.authority.label, self._home.store
        revoked = (one.serial for one in store.revocations(label) if one.not_after > now)
        issued = (record.serial for record in store.issued(label) if record.not_after > now)
        return [*islice(chain(issued, revoked), most)]

    def _answer(self, data: bytes, request: OcspRequest) -> OcspAnswer:
        responder = self._responder(request)
        if responder is None or responder.signer is None:
            return ERRORS[OcspError.UNAUTHORIZED]  # RFC 5019 2.2.3: not ours, or of several CAs, for whom no one signer speaks
        if responder.signer.until <= self._home.clock.now():
            return ERRORS[OcspError.TRY_LATER]  # a client would believe nothing that this certificate signed
        label = responder.authority.label
        version = self._home.store.version()
        found = self._home.store.find_many(label, [one.serial for one in request.cert_ids])
        statuses = [status_of(one, found.get(one.serial)) for one in request.cert_ids]
        answer = self._drafted(responder.signer, statuses, self._second(), version).answer(request.nonce)
        if len(statuses) == 1 and statuses[0].status is not Status.UNKNOWN:
            key = (label, request.cert_ids[0].serial)
            with self._lock:
                if version == self._seen and responder in self._responders:
                    self._kept.note(key, found[key[1]], self._capacity)
                    if request.nonce is None and len(data) <= _MAX_KEPT_REQUEST:
                        self._kept.put(key, data, answer, self._capacity)
        return answer

    def _responder(self, request: OcspRequest) -> Responder | None:
        """Who speaks for all that is asked about."""
        asked = {self._index.get((one.algorithm, one.issuer_name_hash, one.issuer_key_hash)) for one in request.cert_ids}
        return asked.pop() if len(asked) == 1 else None

    def _draft_from_memory(self, request: OcspRequest, now: datetime) -> _Drafted | None:
        """The version is read first: what is forgotten meanwhile is not said again."""
        version, responder = self._seen, self._responder(request)
        if responder is None or responder.signer is None or responder.signer.until <= now:
            return None
        label = responder.authority.label
        records = [self._kept.records.get((label, one.serial)) for one in request.cert_ids]
        if None in records:
            return None
        statuses = [status_of(one, record) for one, record in zip(request.cert_ids, records, strict=True)]
        return self._drafted(responder.signer, statuses, now, version)

    def _drafted(self, signer: Signer, statuses: list[CertStatus], now: datetime, version: int) -> _Drafted:
        until = min(now + self._validity, signer.until)
        draft = draft_response(signer, statuses, now=now, next_update=until)
        said = tuple(one.status for one in statuses)
        return _Drafted(version=version, now=now, over=now + _SECOND, until=until, statuses=said, draft=draft)

    def _second(self) -> datetime:
        return self._home.clock.now().replace(microsecond=0)

    def _notice_changes(self) -> None:
        """Forget the answers about certificates that something happened to since the last look, by whichever process."""
        version = self._home.store.version()
        if version == self._seen:
            return
        with self._lock:
            for event in self._home.store.audit_events(after=self._last_event):
                about_one = {"issuer", "serial"} <= event.details.keys()  # revoked, or a hold that was lifted
                if about_one:
                    self._kept.forget((event.details["issuer"], int(event.details["serial"], 16)))
                if event.sequence != self._last_event + 1 or not (about_one or event.action in _QUIET):
                    self._kept.clear()
                self._last_event = event.sequence
            self._seen = version


def status_of(asked: CertId, record: CertificateRecord | None) -> CertStatus:
    """What to say of a serial. Intents and abandoned ones may never have been signed: unknown, and nobody gets in with them."""
    if record is not None and record.state is CertificateState.REVOKED:
        return CertStatus(cert_id=asked, status=Status.REVOKED, revoked_at=record.revoked_at, reason=record.reason)
    issued = record is not None and record.state is CertificateState.ISSUED and record.certificate is not None
    return CertStatus(cert_id=asked, status=Status.GOOD if issued else Status.UNKNOWN)


def _last_sequence(home: Home) -> int:
    last = home.store.last_audit_event()
    return last.sequence if last else 0
