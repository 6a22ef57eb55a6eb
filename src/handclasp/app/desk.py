"""Issues for whoever comes to a process that lasts: durable before it is handed over, and the home keeps no files of it.

A fleet of one; or of all who wait while others are served: those share two transactions (group commit), so the disk is waited
for twice for all of them. What the CA needs is read anew only when the registry has changed since.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from handclasp.app.crashpoint import crashpoint
from handclasp.app.helping_thread import HelpingThread
from handclasp.app.home import Home
from handclasp.app.issue import IssueOrder, intent_event, issued_event, refuse_holders, refused_wishes, request_of
from handclasp.app.key_reuse import ca_keys, refuse_known_key
from handclasp.app.keys_ahead import KeysAhead
from handclasp.app.press import Drawn, Press, SignedCertificate, press_of
from handclasp.app.profiles import profile_of
from handclasp.app.recover import recover
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import CertificateRecord, CertificateState, Holder, IssuanceRequest, KeyType, Profile
from handclasp.pki.export import pem_of_read
from handclasp.pki.names import fold
from handclasp.pki.subject_key import SubjectKey

MOST = 64
"""So many are served together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A certificate for its holder. `chain`: PEM, with what stands below it.

    `key`: PEM, when it was made here, and the only copy. `refused`: wishes of the request that were not granted, in words.
    """

    record: CertificateRecord
    chain: bytes
    key: bytes | None
    refused: tuple[str, ...]

    @property
    def der(self) -> bytes:
        """The certificate alone."""
        return self.record.certificate or b""


@dataclass(slots=True, eq=False)
class _Ticket:
    """Somebody who waits. `marks`: no two that share one are served together; what becomes of the first decides.

    `called`: free when it was served, or is to serve.
    """

    actor: str
    order: IssueOrder
    request: IssuanceRequest
    profile: Profile
    name_key: str
    key: SubjectKey | None
    marks: frozenset[object]
    called: threading.Lock = field(default_factory=threading.Lock)
    handed: Handed | None = None
    failure: BaseException | None = None

    @property
    def served(self) -> bool:
        """Whether it waits no more."""
        return self.handed is not None or self.failure is not None


@dataclass(frozen=True, slots=True)
class _AtHand:
    """What was read from the registry when this was the number of its newest audit event. `at`: when it was used last."""

    newest: int
    at: datetime
    cas: dict[bytes, str]
    presses: dict[str, Press]


class IssueDesk:
    """One for each process; any thread may come.

    Who comes while nobody serves does. It calls those whom it served, and then the first of those who came meanwhile to serve
    them all: without being called they would wait for one that comes again and again, and be served one by one.

    Args:
        home: the CA. Its registry should keep its connections.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._queue = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._serving: _Ticket | None = None
        self._held: _AtHand | None = None
        self._helper = HelpingThread()
        self._keys = KeysAhead(home.keys)

    @property
    def serving(self) -> bool:
        """Whether somebody is being served."""
        return self._serving is not None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def issue(self, order: IssueOrder, *, actor: str | None = None) -> Handed:
        """Certify the key of the order's request, or a new one, for a new identity. `actor`: for the audit log.

        Raises:
            UsageError: the name, a subject alternative name or the profile is none.
            PolicyError: the profile does not allow it, the key belongs to somebody, or the identity has a certificate already.
            WorldError: the keys cannot be unlocked, or the disk failed.
        """
        ticket = self._ticket(order, actor or self._home.actor)
        ticket.called.acquire()
        try:
            with self._queue:
                self._waiting.append(ticket)
                self._serving = self._serving or ticket
            if self._serving is not ticket:
                ticket.called.acquire()
            if not ticket.served:
                self._serve()
        finally:
            self._leave(ticket)
        if ticket.handed is None:
            raise ticket.failure or Bug("served, and nothing came of it", where=ticket.request.name)
        return ticket.handed

    def _ticket(self, order: IssueOrder, actor: str) -> _Ticket:
        find = partial(profile_of, self._home)
        request = request_of(order, find)
        name_key = fold(request.name)
        key = SubjectKey.of(order.wishes.public_key) if order.wishes else None
        marks = {name_key} if key is None else {name_key, key.spki}
        return _Ticket(actor, order, request, find(request.profile), name_key, key, frozenset(marks))

    def _leave(self, ticket: _Ticket) -> None:
        """Done, or interrupted: who was serving calls the next."""
        with self._queue:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            if self._serving is ticket:
                self._serving = self._waiting[0] if self._waiting else None
                if self._serving is not None:
                    self._serving.called.release()

    def _serve(self) -> None:
        """Serve the first of those who wait, and all whom nothing keeps from going with it."""
        group = self._group()
        profile = group[0].request.profile
        try:
            if self._held is None:
                self._home.keys.open(self._home.issuing(profile).key)  # unlocking takes a while: before the lock
            with self._home.changing(f"issuing {group[0].request.name}"):
                press, cas = self._at_hand(profile)
                handed = self._made(press, self._judged(press, cas, group))
        except BaseException as failure:
            self._held = None
            for ticket in group:
                if not ticket.served:
                    ticket.failure = failure
            if not isinstance(failure, Exception):
                raise
        else:
            for ticket, one in handed:
                ticket.handed = one
        finally:
            for ticket in group[1:]:
                ticket.called.release()

    def _group(self) -> list[_Ticket]:
        with self._queue:
            group: list[_Ticket] = []
            rest: list[_Ticket] = []
            taken: set[object] = set()
            for ticket in self._waiting:
                alike = not group or ticket.profile == group[0].profile
                (group if alike and len(group) < MOST and not taken & ticket.marks else rest).append(ticket)
                taken |= ticket.marks
            self._waiting = rest
            return group

    def _at_hand(self, profile: str) -> tuple[Press, dict[bytes, str]]:
        """Everything changes under the home's lock and is audited: where nothing new is, nothing was left half-done either.

        When the clock went back, keys are opened anew: that refuses what a wrong clock would sign.
        """
        now = self._home.clock.now()
        if self._held is None or self._held.newest != self._home.store.last_audit_number() or now < self._held.at:
            recover(self._home)
            self._held = _AtHand(self._home.store.last_audit_number(), now, ca_keys(self._home), {})
        held = self._held
        if profile not in held.presses:
            held.presses[profile] = press_of(self._home, profile)
        return held.presses[profile], held.cas

    def _judged(self, press: Press, cas: dict[bytes, str], group: list[_Ticket]) -> list[tuple[_Ticket, Drawn]]:
        """Contents for those who may have one; the others are told."""
        holders: dict[str, list[Holder]] = {ticket.name_key: [] for ticket in group}
        for holder in self._home.store.holders(tuple(holders)):
            holders[holder.name_key].append(holder)
        now = self._home.clock.now()
        judged = []
        for ticket in group:
            name, wishes = ticket.request.name, ticket.order.wishes
            try:
                refuse_holders(name, holders[ticket.name_key], now)
                if wishes is not None:
                    refuse_known_key(self._home, name, wishes.public_key, cas)
                drawn = press.drawn(ticket.profile, ticket.request, ticket.key or self._keys.take(ticket.request.key_type))
            except PolicyError as refusal:
                ticket.failure = refusal
            else:
                judged.append((ticket, drawn))
        return judged

    def _made(self, press: Press, judged: list[tuple[_Ticket, Drawn]]) -> list[tuple[_Ticket, Handed]]:
        """Every intent durable, then the key is used, then everything recorded: when it verifies, or not at all."""
        if not judged:
            return []
        store, label, now = self._home.store, press.authority.label, self._home.clock.now()
        with store.begin() as transaction:
            intents = [drawn.intent(label, now) for _, drawn in judged]
            transaction.add_intents(intents)
            transaction.audit_all([intent_event(one[0].actor, intent) for one, intent in zip(judged, intents, strict=True)])
        crashpoint("issue.intent-durable")
        contents = [drawn for _, drawn in judged]
        signatures = press.signatures(contents)
        verify = self._helper.share(partial(press.verify, *one) for one in zip(contents, signatures, strict=True))
        crashpoint("issue.signed")
        made = [
            (ticket, drawn, _handed(press, ticket, drawn, signed))
            for (ticket, drawn), signed in zip(judged, press.put_together(contents, signatures), strict=True)
        ]
        now = self._home.clock.now()
        with store.begin() as transaction:
            transaction.record_handed(label, [(one.serial, handed.der, one.key_sha256) for _, one, handed in made])
            newest = transaction.audit_all([issued_event(ticket.actor, press.issuer_name, one, now) for ticket, one, _ in made])
            verify()
            self._make_keys([one.request.key_type for one, _ in judged if one.key is None])
        crashpoint("issue.recorded")
        if self._held is not None:  # certificates change nothing of what is at hand
            self._held = _AtHand(newest, now, self._held.cas, self._held.presses)
        return [(ticket, handed) for ticket, _, handed in made]

    def _make_keys(self, kinds: list[KeyType]) -> None:
        """Ahead, while the disk is waited for. Should one fail, it will again, for who asks for it."""
        if kinds:
            self._helper.share(partial(self._keys.make, kind) for kind in kinds)


def _handed(press: Press, ticket: _Ticket, drawn: Drawn, signed: SignedCertificate) -> Handed:
    record = CertificateRecord(
        serial=drawn.serial,
        issuer=press.authority.label,
        profile=drawn.profile,
        name=drawn.name,
        state=CertificateState.ISSUED,
        not_before=drawn.not_before,
        not_after=drawn.not_after,
        certificate=signed.der,
        revoked_at=None,
        reason=None,
    )
    refused = refused_wishes(ticket.order, ticket.request)
    return Handed(record=record, chain=pem_of_read(signed.der) + press.issuers, key=drawn.key, refused=refused)
