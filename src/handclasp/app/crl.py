"""Publishes certificate revocation lists: one of every CA, the root included, because nginx checks the whole chain."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from handclasp.app.apply_lockout import bundle_of, refuse_lockout
from handclasp.app.authority import certificate_of
from handclasp.app.ca_files import crl_file_content, write_crls
from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.recover import sweep
from handclasp.catalogue.profiles import CRL_LIFETIME
from handclasp.model.certificate import RevokedEntry
from handclasp.model.errors import Bug, UsageError
from handclasp.model.issuance import Authority, CertificateRecord
from handclasp.pki.crl import build_crl, crl_times
from handclasp.pki.signing import narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """One CRL as it is published now. `signed`: in this run; otherwise the CA's key is elsewhere and its last CRL stays."""

    authority: str
    number: int
    this_update: datetime
    next_update: datetime
    revoked: tuple[int, ...]
    signed: bool


def publish_crls(home: Home, *, lifetime: timedelta = CRL_LIFETIME) -> tuple[PublishedCrl, ...]:
    """Sign a fresh CRL of every CA whose key is here, record them, and write them to ca/crl.pem in one step.

    Raises:
        PolicyError: the clock went back behind the last CRL, or this set would shut live clients out; nothing is published.
        UsageError: `lifetime` is under an hour, or a CA has neither key nor CRL.
        WorldError: the keys cannot be unlocked, or the disk failed; the published file is as it was, or complete.
    """
    with home.changing("publishing CRLs"):
        return publish_locked(home, lifetime=lifetime)


def publish_locked(home: Home, *, lifetime: timedelta = CRL_LIFETIME) -> tuple[PublishedCrl, ...]:
    """As `publish_crls`, for a caller that holds the home's lock."""
    if lifetime < timedelta(hours=1):
        raise UsageError("a CRL that lives less than an hour would lock clients out", hint="use --days 1 or more")
    sweep(home, home.layout.at("ca"))
    signed = {authority.label for authority in home.authorities() if home.keys.exists(authority.key)}
    for authority in home.authorities():
        if authority.label in signed:
            _sign(home, authority, lifetime)
        elif home.store.latest_crl(authority.label) is None:
            raise UsageError(
                f"the key of the {authority.label} CA is not here, and it has no CRL yet", hint="bring its key back"
            )
    refuse_lockout(home, bundle=bundle_of(home), crls=crl_file_content(home))
    write_crls(home)
    return tuple(_state(home, authority, signed=authority.label in signed) for authority in home.authorities())


def published_crls(home: Home) -> tuple[PublishedCrl, ...]:
    """The newest CRL of every CA that has one; nothing is signed."""
    having = [one for one in home.authorities() if home.store.latest_crl(one.label) is not None]
    return tuple(_state(home, authority, signed=False) for authority in having)


def _sign(home: Home, authority: Authority, lifetime: timedelta) -> None:
    last = home.store.latest_crl(authority.label)
    previous = x509.load_der_x509_crl(last).last_update_utc if last else None
    now = home.clock.now()
    this_update, next_update = crl_times(now, lifetime, previous)
    key = narrowed(home.keys.open(authority.key))
    with home.store.begin() as transaction:
        number = transaction.next_crl_number(authority.label)
        entries = [_entry(record) for record in home.store.revoked(authority.label)]
        der = build_crl(
            certificate_of(authority), key, entries, number=number, this_update=this_update, next_update=next_update
        )
        crashpoint("crl.signed")
        transaction.save_crl(authority.label, number=number, der=der, this_update=this_update, next_update=next_update)
        transaction.audit(
            at=now,
            actor=home.actor,
            action="crl-signed",
            subject=authority.label,
            details={"number": str(number), "revoked": str(len(entries)), "next_update": next_update.isoformat()},
        )
    crashpoint("crl.recorded")


def _entry(record: CertificateRecord) -> RevokedEntry:
    if record.revoked_at is None:
        raise Bug("a revoked record has no date", where=record.name)
    return RevokedEntry(serial=record.serial, revocation_date=record.revoked_at, reason=record.reason)


def _state(home: Home, authority: Authority, *, signed: bool) -> PublishedCrl:
    der = home.store.latest_crl(authority.label)
    if der is None:
        raise Bug(f"the {authority.label} CA has no CRL")
    crl = x509.load_der_x509_crl(der)
    if crl.next_update_utc is None:
        raise Bug(f"the CRL of the {authority.label} CA has no nextUpdate")
    return PublishedCrl(
        authority=authority.label,
        number=crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        revoked=tuple(entry.serial_number for entry in crl),
        signed=signed,
    )
