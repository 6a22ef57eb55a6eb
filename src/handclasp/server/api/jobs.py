"""What each route of the API does, once it is known who asks and that they may. Blocking: each runs in a thread."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from handclasp.app.api_access import Action, Caller
from handclasp.app.apply_state import Gear
from handclasp.app.bundle_link import make_link
from handclasp.app.desk import IssueDesk
from handclasp.app.home import Home
from handclasp.app.issue import Issued, IssueOrder
from handclasp.app.orders_desk import OrdersDesk
from handclasp.app.register import Choice, chosen, dropped_cas, entry
from handclasp.app.renew import RenewOrder, renew
from handclasp.app.revoke import revoke
from handclasp.catalogue.profiles import OWN_PROFILES
from handclasp.model.errors import UsageError
from handclasp.model.issuance import CertificateRecord
from handclasp.pki.csr import Wishes, read_csr
from handclasp.pki.export import pem_of
from handclasp.pki.names import identity_name
from handclasp.pki.serials import format_serial, parse_serial
from handclasp.server.api import bodies
from handclasp.server.api.problem import ProblemError

PAGE, MAX_PAGE = 100, 500
STATUSES = ("good", "future", "dropped", "expired", "revoked", "abandoned", "pending")
_DIGITS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: who asks, what the path and the query name, and the decoded body."""

    home: Home
    gear: Gear
    orders: OrdersDesk
    desk: IssueDesk
    caller: Caller
    path: dict[str, str]
    query: dict[str, str]
    body: Any = None

    @property
    def acting(self) -> Home:
        """The home, with the caller in the audit log."""
        return replace(self.home, actor=f"{self.caller.name} (api)")

    def allow(self, action: Action, *, of: str | None = None) -> None:
        """ProblemError 403 unless the caller may."""
        if not self.caller.may(action, of=of):
            raise ProblemError(403, f"{self.caller.role} may not {action}")


def who(call: Call) -> bodies.Who:
    """Who the server takes the caller for."""
    return bodies.Who(name=call.caller.name, role=call.caller.role, serial=format_serial(call.caller.record.serial))


def list_certificates(call: Call) -> bodies.CertificatePage:
    """Certificates in order of creation; without the right to see all of them, the caller's own."""
    name = call.query.get("name")
    if name is None and not call.caller.may(Action.LIST):
        name = call.caller.name
    call.allow(Action.LIST, of=name)
    status = call.query.get("status")
    if status is not None and status not in STATUSES:
        raise ProblemError(400, f"status is one of: {', '.join(STATUSES)}")
    choice = Choice(name=name, status=status, behind=_after(call))
    size = _limit(call)
    found = list(islice(chosen(call.home, choice), size + 1))
    page = found[:size]
    return bodies.CertificatePage(
        certificates=[bodies.certificate_out(one) for one in page], next=page[-1].serial if len(found) > size else None
    )


def show_certificate(call: Call) -> bodies.Certificate:
    """One certificate."""
    record = _record(call, Action.SHOW)
    return bodies.certificate_out(entry(record, call.home.clock.now(), dropped_cas(call.home)))


def certificate_pem(call: Call) -> bytes:
    """The certificate itself, PEM."""
    record = _record(call, Action.SHOW)
    if record.certificate is None:
        raise ProblemError(404, "it was never signed")
    return pem_of(record.certificate)


def issue_certificate(call: Call) -> bodies.IssuedOut:
    """Certify the key of a request for a new identity. Its holder gets the chain; the home keeps no files of it."""
    body: bodies.IssueIn = call.body
    call.allow(Action.ISSUE, of=identity_name(body.name))
    order = IssueOrder(
        name=body.name,
        profile=body.profile,
        subject_alt_names=tuple(body.names),
        lifetime=_lifetime(body.days),
        wishes=_wishes(body.csr),
        take_names=body.take_names,
    )
    made = call.desk.issue(order, actor=call.acting.actor)
    return bodies.issued_out(made.record, made.chain, made.refused)


def renew_identity(call: Call) -> bodies.IssuedOut:
    """A further certificate for an identity."""
    name = call.path["name"]
    call.allow(Action.RENEW, of=name)
    body: bodies.RenewIn = call.body
    if not call.home.store.certificates(name=name):
        raise ProblemError(404, "there is no such identity")
    wishes = _wishes(body.csr) if body.csr is not None else None
    return issued(call, renew(call.acting, RenewOrder(name=name, lifetime=_lifetime(body.days), wishes=wishes)))


def revoke_certificate(call: Call) -> bodies.RevokedOut:
    """Revoke one certificate, publish the CRLs, and have the nginx of this home refuse it."""
    record = _record(call, Action.REVOKE)
    body: bodies.RevokeIn = call.body
    serial = format_serial(record.serial)
    done = revoke(call.acting, call.gear, record.name, reason=body.reason, serial=serial)
    (now,) = done.records
    return bodies.RevokedOut(
        serial=serial,
        revoked_at=now.revoked_at,
        reason=now.reason.value if now.reason else None,
        proven=done.proven,
        unproven=list(done.unproven),
    )


def link_bundle(call: Call) -> bodies.Link:
    """A one-time link to the bundle of an identity."""
    name = call.path["name"]
    call.allow(Action.LINK, of=name)
    body: bodies.LinkIn = call.body
    made = make_link(call.acting, name, lifetime=timedelta(hours=body.hours))
    return bodies.Link(name=name, path=f"/api/v1/bundles/{made.token}", until=made.until)


def audit_log(call: Call) -> bodies.EventPage:
    """The audit log, oldest first."""
    call.allow(Action.AUDIT)
    after = call.query.get("after", "0")
    if not _DIGITS.fullmatch(after) or len(after) > 18:
        raise ProblemError(400, "after is the sequence number of an event")
    size = _limit(call)
    events = list(islice(call.home.store.audit_events(after=int(after)), size + 1))
    page = [bodies.event_out(one) for one in events[:size]]
    return bodies.EventPage(events=page, next=page[-1].sequence if len(events) > size else None)


def _record(call: Call, action: Action) -> CertificateRecord:
    """The certificate that the path names. Whoever may not see it is told no more than that they may not."""
    try:
        (serial,) = parse_serial(f"0x{call.path['serial']}")
    except UsageError as error:
        raise ProblemError(400, "a serial is written in hex") from error
    for authority in call.home.authorities():
        record = call.home.store.find(authority.label, serial)
        if record is not None and record.profile not in OWN_PROFILES:
            call.allow(action, of=record.name)
            return record
    call.allow(action)
    raise ProblemError(404, "there is no certificate with this serial")


def issued(call: Call, made: Issued) -> bodies.IssuedOut:
    """What was issued, as the API shows it."""
    chain = call.home.files.read(call.home.layout.identity(made.record.name, "chain.pem"))
    return bodies.issued_out(made.record, chain, made.refused)


def _wishes(csr: str) -> Wishes:
    return read_csr(csr.encode(), where="csr")


def _lifetime(days: int | None) -> timedelta | None:
    return timedelta(days=days) if days is not None else None


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(PAGE))
    if not _DIGITS.fullmatch(text) or len(text) > 6 or not 1 <= int(text) <= MAX_PAGE:
        raise ProblemError(400, f"limit is a number from 1 to {MAX_PAGE}")
    return int(text)


def _after(call: Call) -> tuple[str, int] | None:
    cursor = call.query.get("after")
    if cursor is None:
        return None
    with suppress(UsageError):
        (serial,) = parse_serial(f"0x{cursor}")
        for authority in call.home.store.authorities():
            if call.home.store.find(authority.label, serial) is not None:
                return authority.label, serial
    raise ProblemError(400, "after is the `next` of an earlier page")
