"""Reading the register: who has which certificate, and who may enter."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from handclasp.app.find import find
from handclasp.app.home import DROPPED, Home
from handclasp.app.identity_files import issuers_of
from handclasp.app.issue import files_in
from handclasp.app.names_here import which_identity
from handclasp.catalogue.profiles import OWN_PROFILES, PROFILES
from handclasp.model.certificate import Certificate
from handclasp.model.errors import UsageError
from handclasp.model.issuance import EVERY, CertificateRecord, CertificateState, Order, Standing, Wanted
from handclasp.pki.names import fold
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import format_serial


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certificate of the register.

    `status`: good, future (not valid yet), dropped (with its CA), expired, revoked, abandoned or pending.
    """

    name: str
    profile: str
    serial: str
    issuer: str
    status: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything about one identity: its certificates, oldest first, the newest one read, and its folder."""

    name: str
    entries: tuple[Entry, ...]
    certificate: Certificate | None
    issuers: tuple[str, ...]
    folder: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which certificates: those that `what` means (app.find; None: all), and for which all else holds.

    `expiring`: they are good, and end within it. `authorities`: those of the CAs too. `behind`: after this one.
    """

    what: str | None = None
    name: str | None = None
    status: str | None = None
    expiring: timedelta | None = None
    issuer: str | None = None
    authorities: bool = False
    behind: tuple[str, int] | None = None


def chosen(home: Home, choice: Choice, order: Order = Order.CREATED) -> Iterator[Entry]:
    """One by one, so that a million of them need no memory."""
    home.authorities()
    now = home.clock.now()
    dropped = dropped_cas(home)
    end = now + choice.expiring if choice.expiring is not None else None
    records = _records(home, choice, end, now, order) if choice.what is None else _found(home, choice.what, order)
    return (
        one
        for one in (entry(record, now, dropped) for record in records)
        if choice.status in (None, one.status)
        and choice.issuer in (None, one.issuer)
        and (end is None or (one.status == "good" and one.not_after <= end))
    )


def _records(home: Home, choice: Choice, end: datetime | None, now: datetime, order: Order) -> Iterator[Standing]:
    """As many as the registry can tell apart; `chosen` judges."""
    wanted = with_status(choice.status, now) if choice.status is not None else EVERY
    without = () if choice.authorities else OWN_PROFILES
    narrow = replace(wanted, name=choice.name, issuer=choice.issuer, not_profiles=without, behind=choice.behind)
    return home.store.standings(replace(narrow, ending=end) if end is not None else narrow, order)


def _found(home: Home, what: str, order: Order) -> Iterable[CertificateRecord]:
    found = find(home, what)
    if order is Order.NAME:
        return sorted(found, key=lambda one: fold(one.name))
    return sorted(found, key=lambda one: one.not_after) if order is Order.END else found


def with_status(status: str, now: datetime) -> Wanted:
    """The records of which `status_of` says this; those of a dropped CA are good to it."""
    states = {"pending": CertificateState.INTENT, "abandoned": CertificateState.ABANDONED, "revoked": CertificateState.REVOKED}
    if status in states:
        return Wanted(states=(states[status],))
    issued = Wanted(states=(CertificateState.ISSUED,), lasting=now)
    if status == "expired":
        return replace(issued, lasting=None, ending=now)
    return replace(issued, unbegun=now) if status == "future" else replace(issued, begun=now)


def show(home: Home, what: str) -> Shown:
    """One identity, by all that `app.find` knows; UsageError when the register does not know it, or several."""
    home.authorities()
    names = {record.name for record in find(home, what)}
    if not names:
        raise UsageError(f"there is no identity {what[:80]!r}", hint=which_identity(home, what))
    if len(names) > 1:
        raise UsageError(f"several identities have {what[:80]!r}: {', '.join(sorted(names))}", hint="handclasp show NAME")
    name = names.pop()
    records = home.store.certificates(name=name)
    now = home.clock.now()
    signed = [record for record in records if record.certificate]
    newest = signed[-1] if signed else None
    folder = home.layout.identity(name)
    return Shown(
        name=name,
        entries=tuple(entry(record, now, dropped_cas(home)) for record in records),
        certificate=certificate_from_der(newest.certificate) if newest and newest.certificate else None,
        issuers=tuple(one.subject.rfc4514_string() for one in issuers_of(home, newest.issuer)) if newest else (),
        folder=folder,
        files=files_in(home, folder) if home.files.exists(folder) else (),
    )


def may_enter(home: Home, *, names: tuple[str, ...] | None = None) -> tuple[CertificateRecord, ...]:
    """Records whose holders nginx should let in now: signed for clientAuth, not revoked, in their validity.

    `names`: only of these identities. In order of creation; an identity may have several (renewal overlaps).
    """
    found = entering(home, home.store.walk())
    return tuple(record for record in found if names is None or record.name in names)


def entering(home: Home, records: Iterable[CertificateRecord]) -> Iterator[CertificateRecord]:
    """Those of these records whose holders nginx should let in now."""
    now = home.clock.now()
    trusted = {authority.label for authority in home.authorities()}
    return (
        record
        for record in records
        if record.state is CertificateState.ISSUED
        and record.issuer in trusted
        and record.not_before <= now < record.not_after
        and record.profile not in OWN_PROFILES
        and _for_clients(record)
    )


def dropped_cas(home: Home) -> frozenset[str]:
    """Labels of the CAs that nobody is let in below any more."""
    return frozenset(key.removeprefix(DROPPED) for key in home.store.values(DROPPED))


def entry(record: CertificateRecord | Standing, now: datetime, dropped: frozenset[str]) -> Entry:
    """A record as people see it."""
    return Entry(
        name=record.name,
        profile=record.profile,
        serial=format_serial(record.serial),
        issuer=record.issuer,
        status="dropped" if (found := status_of(record, now)) == "good" and record.issuer in dropped else found,
        not_before=record.not_before,
        not_after=record.not_after,
        revoked_at=record.revoked_at,
        reason=record.reason.value if record.reason else None,
    )


def status_of(record: CertificateRecord | Standing, now: datetime) -> str:
    """In one word; an expired certificate is expired, whatever else it was, except revoked."""
    if record.state is CertificateState.ISSUED:
        return "expired" if record.not_after <= now else "good" if record.not_before <= now else "future"
    return {CertificateState.INTENT: "pending", CertificateState.ABANDONED: "abandoned"}.get(record.state, "revoked")


def _for_clients(record: CertificateRecord) -> bool:
    if record.certificate is None:
        return False
    if record.profile in PROFILES:
        return "clientAuth" in PROFILES[record.profile].extended_key_usage
    try:
        extensions = x509.load_der_x509_certificate(record.certificate).extensions
        return ExtendedKeyUsageOID.CLIENT_AUTH in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
