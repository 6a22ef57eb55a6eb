"""What needs attention: certificates and CAs that end, CRLs that end, work that was left, damage."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handclasp.app.audit import log_faults
from handclasp.app.authority import certificate_of
from handclasp.app.ca_files import bundle_written, crls_written, newest_crls
from handclasp.app.crl import published_crls
from handclasp.app.crl_changes import ended_before, unlisted
from handclasp.app.hierarchy import is_retired, users_of
from handclasp.app.home import Home
from handclasp.app.register import dropped_cas
from handclasp.app.set_back import set_back, way_back
from handclasp.app.settle import owed
from handclasp.catalogue.profiles import OWN_PROFILES
from handclasp.model.command import word
from handclasp.model.errors import InputError
from handclasp.model.issuance import CertificateState, Wanted
from handclasp.model.text import plural
from handclasp.pki.crl_entries import in_order

_MONTH = timedelta(days=30)
_REFRESH = "handclasp crl --refresh, then nginx -s reload"
_CLOCK = "handclasp crl --refresh --clock-set-right, then nginx -s reload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to do. `kind`: certificate, authority, crl, unfinished, restore or audit; `until`: when it ends."""

    kind: str
    subject: str
    what: str
    action: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """No items: healthy. `good` counts the certificates that may be used now."""

    items: tuple[Item, ...]
    good: int
    revoked: int


def status(home: Home, *, within: timedelta | None = None) -> Status:
    """Look at everything; `within` is how long before its end a thing needs attention.

    None: a month, or the last third of a shorter life, so that what lives for days is not always about to end.
    """
    home.authorities()
    now = home.clock.now()
    dropped = dropped_cas(home)
    items = (
        *_unsettled(home),
        *_authorities(home, now, _MONTH if within is None else within),
        *_shut_out(home, dropped),
        *_crls(home, now, within),
        *_identities(home, now, within),
        *_unfinished(home),
        *(Item(kind="audit", subject="log", what=fault, action="handclasp audit") for fault in log_faults(home)),
    )
    present = Wanted(begun=now, lasting=now, not_profiles=OWN_PROFILES, not_issuers=tuple(dropped))
    good, revoked = (
        home.store.count(replace(present, states=(state,))) for state in (CertificateState.ISSUED, CertificateState.REVOKED)
    )
    return Status(items=items, good=good, revoked=revoked)


def _unsettled(home: Home) -> Iterator[Item]:
    labels = owed(home)
    if labels:
        yield Item(
            kind="restore",
            subject=home.layout.folder,
            what=f"this home was restored, and does not know what {', '.join(labels)} revoked since: it signs nothing",
            action="handclasp restore --crl FILE",
        )
    for label, number in set_back(home).items():
        yield Item(
            kind="restore",
            subject=home.layout.folder,
            what=f"CRL {number} of the {label} CA is published, and the registry never knew it: an older copy was put back, or "
            "this CA lives on another machine too. "
            "It signs nothing",
            action=way_back(home),
        )


def _shut_out(home: Home, dropped: frozenset[str]) -> Iterator[Item]:
    for label in sorted(dropped):
        left = sum(not user.newer for user in users_of(home, label))
        if left:
            yield Item(
                kind="authority",
                subject=label,
                what=f"{left} identit{plural(left, 'y has', 'ies have')} no certificate but below the {label} CA, which nobody "
                "trusts any more",
                action=f"handclasp renew --under {label}",
            )


def _notable(begin: datetime, end: datetime, within: timedelta | None) -> timedelta:
    """How long before its end this one needs attention."""
    return min(_MONTH, (end - begin) / 3) if within is None else within


def _authorities(home: Home, now: datetime, within: timedelta) -> Iterator[Item]:
    for authority in home.authorities():
        certificate = certificate_of(authority)
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if begin > now:
            yield Item(
                kind="authority",
                subject=authority.label,
                what=f"the {authority.label} CA begins only on {begin:%Y-%m-%d %H:%M} UTC: nobody below it gets in",
                action=f"handclasp ca rollover {authority.label}",
            )
        if end <= now + within:
            yield Item(
                kind="authority",
                subject=authority.label,
                what=f"the {authority.label} CA ends on {end:%Y-%m-%d}, and everything below it with it",
                action=f"handclasp ca rollover {authority.label}",
                until=end,
            )
        if is_retired(home, authority.label):
            left = sum(not user.newer for user in users_of(home, authority.label))
            if left:
                yield Item(
                    kind="authority",
                    subject=authority.label,
                    what=f"the {authority.label} CA is retired, and {left} identit{plural(left, 'y has', 'ies have')} no "
                    "certificate of another",
                    action=f"handclasp renew --under {authority.label}",
                )


def _crls(home: Home, now: datetime, within: timedelta | None) -> Iterator[Item]:
    for crl in published_crls(home):
        if crl.this_update > now:
            yield Item(
                kind="crl",
                subject=crl.authority,
                what=f"the CRL of the {crl.authority} CA begins on {crl.this_update:%Y-%m-%d %H:%M} UTC: "
                "nginx refuses everybody",
                action=_CLOCK,
            )
        if crl.next_update <= now + _notable(crl.this_update, crl.next_update, within):
            yield Item(
                kind="crl",
                subject=crl.authority,
                what=f"the CRL of the {crl.authority} CA ends on {crl.next_update:%Y-%m-%d %H:%M} UTC: "
                "then nginx refuses everybody",
                action=_REFRESH,
                until=crl.next_update,
            )
        missing = unlisted(home.store.revocations(crl.authority), in_order(crl.revoked))
        lacking = sum(not ended_before(one, min(crl.this_update, now)) for one in missing)
        if lacking:
            yield Item(
                kind="crl",
                subject=crl.authority,
                what=f"the CRL of the {crl.authority} CA lacks {lacking} revoked certificate{plural(lacking)}",
                action=_REFRESH,
            )
    try:
        home.files.octets(home.layout.crl)
    except InputError as error:
        yield Item(kind="crl", subject=home.layout.crl, what=f"the CRL file {error.what}", action=_REFRESH)
        return
    if not bundle_written(home):
        yield Item(
            kind="authority",
            subject=home.layout.bundle,
            what="the file of the CAs is not what the registry says",
            action=_REFRESH,
        )
    if not set_back(home) and not crls_written(home, newest_crls(home)):
        yield Item(kind="crl", subject=home.layout.crl, what="the CRL file is not what was signed last", action=_REFRESH)


def _identities(home: Home, now: datetime, within: timedelta | None) -> Iterator[Item]:
    newest = Wanted(states=(CertificateState.ISSUED,), not_profiles=OWN_PROFILES, newest=True)
    for record in home.store.standings(replace(newest, unbegun=now)):
        yield Item(
            kind="certificate",
            subject=record.name,
            what=f"the certificate of {record.name} begins only on {record.not_before:%Y-%m-%d}",
            action=f"handclasp renew {word(record.name)}",
        )
    for record in home.store.standings(replace(newest, ending=now + (_MONTH if within is None else within))):
        if record.not_after > now + _notable(record.not_before, record.not_after, within):
            continue
        end = f"{record.not_after:%Y-%m-%d}"
        yield Item(
            kind="certificate",
            subject=record.name,
            what=f"the certificate of {record.name} ended on {end}"
            if record.not_after <= now
            else f"the certificate of {record.name} ends on {end}",
            action=f"handclasp renew {word(record.name)}",
            until=record.not_after,
        )


def _unfinished(home: Home) -> Iterator[Item]:
    for record in (*home.store.pending(), *home.store.unexported()):
        yield Item(
            kind="unfinished",
            subject=record.name,
            what=f"issuing for {record.name} was interrupted",
            action="run any handclasp issue: it clears up first",
        )
