"""Revocation as far as the registry goes. Making nginx refuse, and proving it, is built on top of this."""

from collections.abc import Iterable
from datetime import datetime

from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl import PublishedCrl, publish_locked
from handclasp.app.find import find
from handclasp.app.home import SESSION_EPOCH, Home
from handclasp.app.names_here import which_identity
from handclasp.catalogue.profiles import CA_PROFILES
from handclasp.model.command import word
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.issuance import CertificateRecord, CertificateState, NewEvent, Reason
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import format_serial, parse_serial

HOLD = Reason.CERTIFICATE_HOLD
_AT_ONCE = 500


def revocable(home: Home, what: str) -> tuple[CertificateRecord, ...]:
    """The records that `what` means: every unexpired certificate of an identity of that name, or the one pointed at.

    That is by serial, fingerprint, alternative name or PEM text, expired or not. Intents and abandoned ones are among them:
    their signature may exist.

    Raises:
        UsageError: there is none, or the text is a name as well as a serial.
        PolicyError: it is a CA's.
    """
    found = _meant(home, what)
    _refuse_own_serial(home, found)
    return found


def _meant(home: Home, what: str) -> tuple[CertificateRecord, ...]:
    found = find(home, what)
    if not found and "-----BEGIN" in what:
        raise UsageError(
            "this home knows nothing of that certificate",
            hint="handclasp list     shows those it signed or took over\n"
            "of another CA: handclasp import --ca ca.crt --key ca.key --certificates FOLDER",
        )
    if not found:
        raise UsageError(f"there is no certificate of that name or serial: {what[:80]!r}", hint=which_identity(home, what))
    now = home.clock.now()
    by_name = found[0].name == what
    numbered = tuple(record for record in found if record.not_after > now or not by_name)
    if not numbered:
        raise UsageError(f"every certificate of {what!r} has ended", hint=f"handclasp show {word(what)}     shows the serials")
    for record in numbered:
        if record.profile in CA_PROFILES:
            raise PolicyError(
                f"{record.name} is a CA: revoking it would shut out everybody",
                hint="an issuing CA: handclasp ca revoke LABEL\n"
                "a root: handclasp ca rollover LABEL, then handclasp ca drop LABEL",
            )
    return numbered


def _refuse_own_serial(home: Home, records: Iterable[CertificateRecord]) -> None:
    """Tutorials give root and client the serial 01: OpenSSL before 3.6 looks a root up in its own CRL."""
    chosen = {(one.issuer, one.serial) for one in records}
    for authority in home.authorities():
        own = certificate_from_der(authority.certificate)
        if own.self_issued and (authority.label, own.serial) in chosen:
            number = format_serial(own.serial)
            raise PolicyError(
                f"{number} is also the {authority.label} CA's own serial: revoking it would shut out everybody",
                hint="renew all others here (handclasp ca users LABEL), then: handclasp ca drop LABEL",
            )


def chosen_of(home: Home, names: tuple[str, ...], serial: str | None) -> tuple[CertificateRecord, ...]:
    """The records that all these names mean, each once; a serial goes with a single name. Errors as `chosen_for`.

    Raises:
        UsageError: there is no name, or one means nothing: all that mean nothing are named.
    """
    if not names:
        raise UsageError("nobody was named", hint="handclasp revoke NAME, or --from FILE")
    if serial is not None and len(set(names)) > 1:
        raise UsageError("--serial goes with one name", hint="the names may be serials themselves")
    found: dict[tuple[str, int], CertificateRecord] = {}
    unknown: list[UsageError] = []
    for name in dict.fromkeys(names):
        try:
            found.update({(record.issuer, record.serial): record for record in _of_serial(_meant(home, name), name, serial)})
        except UsageError as error:
            unknown.append(error)
    if len(unknown) == 1:
        raise unknown[0]
    if unknown:
        raise UsageError(
            f"{len(unknown)} of {len(set(names))} names mean nothing; nobody was revoked",
            hint="\n".join(error.what for error in unknown),
        )
    _refuse_own_serial(home, found.values())
    return tuple(found.values())


def chosen_for(home: Home, what: str, serial: str | None) -> tuple[CertificateRecord, ...]:
    """The records an order means; UsageError when there are none, PolicyError when they are a CA's."""
    return _of_serial(revocable(home, what), what, serial)


def _of_serial(found: tuple[CertificateRecord, ...], what: str, serial: str | None) -> tuple[CertificateRecord, ...]:
    if serial is None:
        return found
    numbers = set(parse_serial(serial))
    chosen = tuple(record for record in found if record.serial in numbers)
    if not chosen:
        raise UsageError(f"{what} has no unexpired certificate with serial {serial}", hint=f"handclasp show {word(what)}")
    return chosen


def record_revocation(
    home: Home, records: Iterable[CertificateRecord], *, reason: Reason = Reason.UNSPECIFIED
) -> tuple[CertificateRecord, ...]:
    """Mark certificates revoked, with audit events, and start a new session epoch: one transaction. Publish CRLs next.

    Those revoked already keep their date and reason. Returns the records as they are now.
    """
    with home.changing("revoking"):
        return record_revocation_locked(home, records, reason=reason)


def record_revocation_locked(
    home: Home, records: Iterable[CertificateRecord], *, reason: Reason
) -> tuple[CertificateRecord, ...]:
    """As `record_revocation`, for a caller that holds the home's lock."""
    chosen = tuple(records)
    fresh = [one for one in chosen if one.state is not CertificateState.REVOKED or (held(one) and reason is not HOLD)]
    now = home.clock.now().replace(microsecond=0)
    epoch = session_epoch(home)
    with home.store.begin() as transaction:
        if fresh:
            transaction.revoke_all([(record.issuer, record.serial) for record in fresh], at=now, reason=reason)
            transaction.audit_all(_event(home.actor, record, now, reason) for record in fresh)
            transaction.set_value(SESSION_EPOCH, str(epoch + 1))
    crashpoint("revoke.recorded")
    return _as_now(home, chosen)


def _event(actor: str, record: CertificateRecord, at: datetime, reason: Reason) -> NewEvent:
    details = {"serial": format_serial(record.serial), "issuer": record.issuer, "reason": reason.value}
    return NewEvent(at, actor, "revoked", record.name, details)


def _as_now(home: Home, records: tuple[CertificateRecord, ...]) -> tuple[CertificateRecord, ...]:
    """The same records, read again."""
    found: dict[tuple[str, int], CertificateRecord] = {}
    for issuer in dict.fromkeys(record.issuer for record in records):
        serials = [record.serial for record in records if record.issuer == issuer]
        for start in range(0, len(serials), _AT_ONCE):
            some = home.store.find_many(issuer, serials[start : start + _AT_ONCE])
            found |= {(issuer, serial): record for serial, record in some.items()}
    return tuple(found[one.issuer, one.serial] for one in records if (one.issuer, one.serial) in found)


def held(record: CertificateRecord) -> bool:
    """Whether a certificate is revoked for a time only."""
    return record.state is CertificateState.REVOKED and record.reason is HOLD


def release(home: Home, what: str) -> tuple[tuple[CertificateRecord, ...], tuple[PublishedCrl, ...]]:
    """Lift the holds of an identity, or of one serial, and publish CRLs without them.

    Raises:
        UsageError: there is no such certificate.
        PolicyError: it is not on hold; what was revoked for any other reason stays revoked.
    """
    found = revocable(home, what)
    chosen = [record for record in found if held(record)]
    if not chosen:
        revoked = next((record for record in found if record.state is CertificateState.REVOKED), None)
        raise PolicyError(
            f"{what} is revoked for good ({revoked.reason})" if revoked else f"{what} is not on hold",
            hint=f"handclasp issue {word(what)}     makes a new certificate" if revoked else "handclasp list --status revoked",
        )
    now = home.clock.now()
    with home.changing("lifting a hold"):
        with home.store.begin() as transaction:
            for record in chosen:
                transaction.release(record.issuer, record.serial)
                details = {"serial": format_serial(record.serial), "issuer": record.issuer}
                transaction.audit(at=now, actor=home.actor, action="released", subject=record.name, details=details)
        crls = publish_locked(home)
    return _as_now(home, tuple(chosen)), crls


def session_epoch(home: Home) -> int:
    """How often something was revoked here, from 1: part of the session cache zone's name."""
    return int(home.store.value(SESSION_EPOCH) or "1")
