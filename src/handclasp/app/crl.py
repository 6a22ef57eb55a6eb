"""Publishes certificate revocation lists: one of every CA, the root included, because nginx checks the whole chain."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.app.apply_lockout import refuse_lists
from handclasp.app.authority import certificate_of
from handclasp.app.ca_files import bundle_of, newest_crls, write_certificates, write_crls
from handclasp.app.clock_step import note_set_right
from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl_changes import CrlChanges
from handclasp.app.half_written import sweep
from handclasp.app.home import CRL_DAYS, Home
from handclasp.catalogue.profiles import CRL_LIFETIME
from handclasp.model.errors import Bug, UsageError
from handclasp.model.issuance import Authority
from handclasp.pki.crl import crl_times, write_crl
from handclasp.pki.crl_entries import Serials
from handclasp.pki.read import crl_from_octets
from handclasp.pki.serials import format_serial
from handclasp.pki.signing import narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """One CRL as it is published now. `signed`: in this run; otherwise the CA's key is elsewhere and its last CRL stays.

    `added` and `removed`: how many entries came and went with this run.
    """

    authority: str
    number: int
    this_update: datetime
    next_update: datetime
    revoked: Serials
    signed: bool
    added: int = 0
    removed: int = 0


def publish_crls(
    home: Home, *, lifetime: timedelta | None = None, unlisted: frozenset[int] = frozenset(), clock_set_right: bool = False
) -> tuple[PublishedCrl, ...]:
    """Sign a fresh CRL of every CA whose key is here, record them, and write them to ca/crl.pem in one step.

    `lifetime` None: as long as the CRLs of this home live. `unlisted`: serials that may leave the list although the registry
    does not know why. `clock_set_right`: the clock was ahead when the last CRL was made; the new one begins before it, with a
    higher number, which is all that counts.

    Raises:
        PolicyError: the clock went back behind the last CRL and nobody vouches for it, this set would shut live clients out,
            or a revocation would be forgotten; nothing is published.
        UsageError: `lifetime` is under an hour, or a CA has neither key nor CRL.
        WorldError: the keys cannot be unlocked, or the disk failed; the published file is as it was, or complete.
    """
    if clock_set_right:
        note_set_right(home)
    with home.changing("publishing CRLs"):
        write_certificates(home)  # another host of this registry may have made or dropped CAs
        return publish_locked(home, lifetime=lifetime, unlisted=unlisted, clock_set_right=clock_set_right)


def publish_locked(
    home: Home, *, lifetime: timedelta | None = None, unlisted: frozenset[int] = frozenset(), clock_set_right: bool = False
) -> tuple[PublishedCrl, ...]:
    """As `publish_crls`, for a caller that holds the home's lock."""
    lifetime = lifetime or _lifetime_of(home)
    if lifetime < timedelta(hours=1):
        raise UsageError("a CRL that lives less than an hour would lock clients out", hint="use --days 1 or more")
    sweep(home.files, [home.layout.at("ca")])
    signed = {authority.label for authority in home.authorities() if home.keys.exists(authority.key)}
    changes: dict[str, CrlChanges] = {}
    for authority in home.authorities():
        if authority.label in signed:
            changes[authority.label] = _sign(home, authority, lifetime, unlisted, after_last=not clock_set_right)
        elif home.store.crl_period(authority.label) is None:
            raise UsageError(
                f"the key of the {authority.label} CA is not here, and it has no CRL yet", hint="bring its key back"
            )
    refuse_lists(home, bundle=bundle_of(home), lists=tuple(crl_from_octets(one.content) for one in newest_crls(home)))
    write_crls(home)
    return tuple(_state(home, authority, changes.get(authority.label)) for authority in home.authorities())


def _lifetime_of(home: Home) -> timedelta:
    days = home.store.value(CRL_DAYS)
    return timedelta(days=int(days)) if days else CRL_LIFETIME


def published_crls(home: Home) -> tuple[PublishedCrl, ...]:
    """The newest CRL of every CA that has one; nothing is signed."""
    having = [one for one in home.authorities() if home.store.crl_period(one.label) is not None]
    return tuple(_state(home, authority) for authority in having)


def crl_ends(home: Home) -> dict[str, datetime]:
    """When the newest CRL of every CA ends, by label; none is read."""
    periods = {one.label: home.store.crl_period(one.label) for one in home.authorities()}
    return {label: period[1] for label, period in periods.items() if period is not None}


def _sign(home: Home, authority: Authority, lifetime: timedelta, unlisted: frozenset[int], *, after_last: bool) -> CrlChanges:
    last = home.store.newest_crl(authority.label)
    previous = last.this_update if last else None
    now = home.clock.now()
    times = crl_times(now, lifetime, previous if after_last else None)
    key = narrowed(home.keys.open(authority.key))
    changes = CrlChanges(home, authority.label, last, begins=times[0])
    with home.store.begin() as transaction:
        number = transaction.next_crl_number(authority.label)
        issuer, entries = certificate_of(authority), changes.entries()
        der = write_crl(issuer, key, entries, home.files.spool(), number=number, times=times)
        changes.refuse_disappearance(unlisted=unlisted)
        crashpoint("crl.signed")
        transaction.save_crl(authority.label, number=number, der=der, this_update=times[0], next_update=times[1])
        details = {"number": str(number), "added": str(changes.added), "removed": str(len(changes.removed))}
        if previous is not None and previous > times[0]:
            details["begins_before"] = previous.isoformat()
        said = [format_serial(serial) for serial in changes.removed if serial in unlisted]
        transaction.audit(
            at=now,
            actor=home.actor,
            action="crl-signed",
            subject=authority.label,
            details=details | {"next_update": times[1].isoformat()} | ({"unlisted": " ".join(said)} if said else {}),
        )
    crashpoint("crl.recorded")
    return changes


def _state(home: Home, authority: Authority, changes: CrlChanges | None = None) -> PublishedCrl:
    crl = home.store.newest_crl(authority.label)
    if crl is None:
        raise Bug(f"the {authority.label} CA has no CRL")
    return PublishedCrl(
        authority=authority.label,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        revoked=Serials(crl.content),
        signed=changes is not None,
        added=changes.added if changes else 0,
        removed=len(changes.removed) if changes else 0,
    )
