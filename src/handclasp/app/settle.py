"""What a restored CA has forgotten, and how it is brought back: it signs nothing until that is settled.

CRL numbers and the session epoch jump ahead of anything that may have been published since the backup. Revocations come back
from the CRLs that were published later, certificates from their files; or somebody says that there was nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from handclasp.app.home import PASSPHRASE_FILE, SESSION_EPOCH, UNSETTLED, Home
from handclasp.app.revoke_record import session_epoch
from handclasp.app.set_back import set_back, unknown_in
from handclasp.app.unsettled import MANIFEST
from handclasp.catalogue.profiles import CLIENT
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.errors import HandclaspError, InputError, PolicyError
from handclasp.model.issuance import Authority, CertificateState, Intent, Reason
from handclasp.model.octets import Held
from handclasp.pki.given_lists import any_certificates, given_crls
from handclasp.pki.names import identity_name
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import format_serial
from handclasp.pki.signature import signed_by
from handclasp.ports.store import Transaction

_AT_ONCE = 500

JUMP = 1000
"""How far CRL numbers and the session epoch jump after a restore: more than were published since any backup in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What is known of the time after the backup: files by their paths. `nothing`: somebody says nothing happened."""

    crls: dict[str, bytes]
    certificates: dict[str, bytes]
    nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """`revoked`: serials that later CRLs brought back; `unknown`: those of them that the backup never knew.

    `found`: certificates issued after it. `open`: CAs of which no CRL was given; while there is one, nothing is signed.
    """

    revoked: tuple[str, ...]
    unknown: tuple[str, ...]
    found: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    issuer: str
    serial: int
    at: datetime
    reason: Reason
    until: datetime


def begin(home: Home, made: datetime, *, passphrase_file: str | None) -> None:
    """Right after the files of a backup are in place: numbers jump ahead, and nothing is signed until `settle`.

    `passphrase_file`: where the passphrase is on this machine; the place that is remembered may be one of another machine.
    """
    with home.changing("restoring"):
        if home.files.exists(home.layout.at(MANIFEST)):
            with home.store.begin() as transaction:
                _forgotten(home, transaction, made)
                remembered = home.store.value(PASSPHRASE_FILE) or ""
                here = remembered if remembered and home.files.exists(remembered) else ""
                transaction.set_value(PASSPHRASE_FILE, passphrase_file or here)
                transaction.audit(
                    at=home.clock.now(), actor=home.actor, action="restored", subject=home.layout.folder,
                    details={"made": made.isoformat()},
                )  # fmt: skip
            home.files.remove(home.layout.at(MANIFEST))


def reopen(home: Home, mark: str, *, to: str, since: datetime) -> None:
    """Take away the mark that says that this registry was moved. What the other one did since is forgotten, as by a restore.

    `mark`: the setting; `to`, `since`: where it was moved, and when.
    """
    with home.changing("reopening the registry"), home.store.begin() as transaction:
        transaction.set_value(mark, "")
        _forgotten(home, transaction, since)
        details = {"moved to": to, "since": since.isoformat()}
        now, subject = home.clock.now(), home.layout.folder
        transaction.audit(at=now, actor=home.actor, action="registry-reopened", subject=subject, details=details)


def _forgotten(home: Home, transaction: Transaction, since: datetime) -> None:
    """Nothing is known of what happened since: numbers jump ahead, and nothing is signed until `settle`."""
    transaction.set_value(UNSETTLED, f"{since.isoformat()} {' '.join(_signing(home))}")
    for authority in home.authorities():
        transaction.skip_crl_numbers(authority.label, JUMP)
    transaction.set_value(SESSION_EPOCH, str(session_epoch(home) + JUMP))


def settle(home: Home, since: Since) -> Settled:
    """Bring back what the files say, and sign again once every CA whose key is here is accounted for.

    Raises:
        InputError: a file is none, or of another CA; a CRL is older than the one in the backup.
        PolicyError: nothing shows that this home has forgotten anything. Certificates may be brought back all the same.
    """
    with home.changing("settling a restored home"):
        text = home.store.value(UNSETTLED) or _found_set_back(home, since)
        if not text and not since.certificates:
            raise PolicyError("this home owes nothing: it signs already", hint="handclasp status")
        crls = tuple(_crls(home, since.crls))
        listed = tuple(_revoked_since(home, crls))
        issued = tuple(_issued_since(home, since.certificates))
        known = {(label, one.serial) for label, one in issued}
        unknown = tuple(
            one for one in listed if (one.issuer, one.serial) not in known and home.store.find(one.issuer, one.serial) is None
        )
        made, *owed = text.split() or [""]
        given = {authority.label for authority, _ in crls}
        left = () if since.nothing else tuple(label for label in owed if label not in given)
        now = home.clock.now()
        with home.store.begin() as transaction:
            for label, one in issued:
                transaction.add_intent(_found(label, one, now))
                transaction.record_issued(label, one.serial, one.der)
                transaction.mark_exported(label, one.serial)
            for gone in unknown:
                transaction.add_intent(_lost(gone, now))
            for authority, crl in crls:
                behind = (crl.crl_number or 0) - home.store.last_crl_number(authority.label)
                transaction.skip_crl_numbers(authority.label, max(0, behind))
            for gone in listed:
                transaction.revoke(gone.issuer, gone.serial, at=gone.at, reason=gone.reason)
            transaction.set_value(UNSETTLED, f"{made} {' '.join(left)}" if left else "")
            details = {
                "revoked again": " ".join(format_serial(gone.serial) for gone in listed),
                "found": " ".join(format_serial(one.serial) for _, one in issued),
                "nothing since": "yes" if since.nothing else "no",
                "open": " ".join(left),
            }
            transaction.audit(at=now, actor=home.actor, action="settled", subject=home.layout.folder, details=details)
    return Settled(
        revoked=tuple(format_serial(one.serial) for one in listed),
        unknown=tuple(format_serial(one.serial) for one in unknown),
        found=tuple(format_serial(one.serial) for _, one in issued),
        open=left,
    )


def owed(home: Home) -> tuple[str, ...]:
    """CAs of which a restored home does not know yet what they revoked."""
    return tuple((home.store.value(UNSETTLED) or "").split()[1:])


def _found_set_back(home: Home, since: Since) -> str:
    """CRLs show what this registry never knew: it has forgotten what happened since its last event, as by a restore."""
    gone = set_back(home)
    for content in since.crls.values():
        gone |= unknown_in(home, Held(content))
    last = home.store.last_audit_event()
    if not gone or last is None:
        return ""
    with home.store.begin() as transaction:
        _forgotten(home, transaction, last.at)
        details = {"published": " ".join(f"{label}:{number}" for label, number in gone.items()), "since": last.at.isoformat()}
        now, subject = home.clock.now(), home.layout.folder
        transaction.audit(at=now, actor=home.actor, action="registry-set-back", subject=subject, details=details)
    return home.store.value(UNSETTLED) or ""


def _signing(home: Home) -> list[str]:
    return [one.label for one in home.authorities() if home.keys.exists(one.key)]


def _crls(home: Home, files: dict[str, bytes]) -> Iterator[tuple[Authority, Crl]]:
    for where, content in files.items():
        for crl in given_crls(content, where=where):
            authority = _signer(home, crl)
            if authority is None:
                raise InputError(f"has a CRL that no CA of this home signed: {crl.issuer_text}", where=where)
            last = home.store.newest_crl(authority.label)
            before = last.number if last else 0
            if (crl.crl_number or 0) < before:
                raise InputError(
                    f"the CRL of the {authority.label} CA is number {crl.crl_number}, and the backup has {before}: it is older",
                    where=where,
                    hint="take the file that nginx uses now",
                )
            yield authority, crl


def _signer(home: Home, signed: Certificate | Crl) -> Authority | None:
    """The CA of this home that signed it; several may have one name."""
    for authority in home.authorities():
        own = certificate_from_der(authority.certificate)
        if own.subject == signed.issuer and signed_by(signed, own.spki):
            return authority
    return None


def _revoked_since(home: Home, crls: Iterable[tuple[Authority, Crl]]) -> Iterator[_Listed]:
    for authority, crl in crls:
        until, entries = certificate_from_der(authority.certificate).not_after, iter(crl.revoked.values())
        while some := tuple(islice(entries, _AT_ONCE)):
            known = home.store.find_many(authority.label, [entry.serial for entry in some])
            for serial, at, why in some:
                if serial not in known or known[serial].state is not CertificateState.REVOKED:
                    reason = Reason(why) if why in tuple(Reason) else Reason.UNSPECIFIED
                    yield _Listed(issuer=authority.label, serial=serial, at=at, reason=reason, until=until)


def _issued_since(home: Home, files: dict[str, bytes]) -> Iterator[tuple[str, Certificate]]:
    """Certificates of CAs of this home that it does not know; those of others are passed over: chains hold them."""
    seen: set[bytes] = set()
    for where, content in files.items():
        for one in any_certificates(content, where=where):
            authority = _signer(home, one) if one.der not in seen else None
            if authority is None:
                continue
            seen.add(one.der)
            if home.store.find(authority.label, one.serial) is None:
                yield authority.label, one


def _found(label: str, one: Certificate, now: datetime) -> Intent:
    return Intent(
        serial=one.serial,
        issuer=label,
        profile=CLIENT.name,
        name=_name(one),
        tbs_sha256="0" * 64,
        not_before=one.not_before,
        not_after=one.not_after,
        created=now,
    )


def _name(one: Certificate) -> str:
    try:
        return identity_name(one.common_names[0])
    except (HandclaspError, IndexError):
        return f"found {format_serial(one.serial)}"


def _lost(one: _Listed, now: datetime) -> Intent:
    """Stands for a certificate issued after the backup: nothing is known but its serial, and that it is revoked."""
    return Intent(
        serial=one.serial,
        issuer=one.issuer,
        profile=CLIENT.name,
        name=f"lost {format_serial(one.serial)}",
        tbs_sha256="0" * 64,
        not_before=one.at,
        not_after=one.until,
        created=now,
    )
