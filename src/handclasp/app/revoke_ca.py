"""Revokes a CA below another: onto the CRL of the one above, and out of everything that is trusted here, in one step.

Whoever knows only the root refuses everybody below it from then on (error 23 at its level, RFC 5280 6.3.3).
"""

from dataclasses import dataclass

from handclasp.app.authority import authority_named
from handclasp.app.ca_files import write_certificates
from handclasp.app.crashpoint import crashpoint
from handclasp.app.find import find
from handclasp.app.hierarchy import User, below, users_of
from handclasp.app.home import DROPPED, RETIRED, SESSION_EPOCH, Home
from handclasp.app.recover import recover
from handclasp.app.revoke_record import session_epoch
from handclasp.catalogue.profiles import CA_PROFILES
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.issuance import CertificateRecord, CertificateState, Reason
from handclasp.pki.serials import format_serial


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedCa:
    """`label` None: a CA of another home, signed here. `gone`: CAs trusted no longer; `shut_out`: who had nothing else."""

    label: str | None
    record: CertificateRecord
    gone: tuple[str, ...]
    shut_out: tuple[User, ...]


def revoke_ca(home: Home, what: str, *, reason: Reason, lock_out: bool) -> RevokedCa:
    """Record it; publishing CRLs and giving them to nginx is the next step. Run again after an interruption, it goes on.

    `what`: the label of a CA, or the serial of a CA certificate that was signed here. `lock_out`: although people below it have
    no other certificate.

    Raises:
        UsageError: there is no such CA.
        PolicyError: it is a root, the key of the CA above is not here, or somebody would be locked out.
    """
    label, record = _meant(home, what)
    above = authority_named(home, record.issuer)
    if not home.keys.exists(above.key):
        raise PolicyError(
            f"only the {above.label} CA can revoke it, and its key is not here",
            hint=f"on the machine of its key: handclasp ca revoke {format_serial(record.serial)}\n"
            "then here: handclasp ca accept FILE     with the CRL from there",
        )
    gone = tuple(one.label for one in below(home, label)) if label else ()
    users = users_of(home, label) if label else ()
    lost = tuple(user for user in users if not user.newer)
    already = record.state is CertificateState.REVOKED
    if lost and not lock_out and not already:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise PolicyError(
            f"{', '.join(user.name for user in lost[:5])}{more} would be locked out: their only certificate is below {label}",
            hint=f"make another CA and move them first: handclasp ca rollover {label}, handclasp renew --under {label}\n"
            "if its key was stolen, do not wait: --lock-out",
        )
    with home.changing(f"revoking the {label or what} CA"):
        recover(home)
        now = home.clock.now().replace(microsecond=0)
        with home.store.begin() as transaction:
            transaction.revoke(record.issuer, record.serial, at=now, reason=reason)
            for name in gone:
                transaction.set_value(f"{RETIRED}{name}", now.isoformat())
                transaction.set_value(f"{DROPPED}{name}", now.isoformat())
            if not already:
                details = {"serial": format_serial(record.serial), "issuer": record.issuer, "reason": reason.value}
                details |= {"dropped": " ".join(gone), "shut out": str(len(lost))}
                transaction.audit(at=now, actor=home.actor, action="authority-revoked", subject=record.name, details=details)
                transaction.set_value(SESSION_EPOCH, str(session_epoch(home) + 1))
        crashpoint("revoke.recorded")
        write_certificates(home)
    found = home.store.find(record.issuer, record.serial) or record
    return RevokedCa(label=label, record=found, gone=gone, shut_out=lost)


def _meant(home: Home, what: str) -> tuple[str | None, CertificateRecord]:
    for authority in home.store.authorities():
        if authority.label != what:
            continue
        if authority.parent is None:
            raise PolicyError(
                f"{what} is a root: nobody is above it who could revoke it",
                hint=f"handclasp ca rollover {what}     makes its successor\n"
                f"handclasp ca drop {what}         then trusts it no longer",
            )
        for record in home.store.walk():
            if record.certificate == authority.certificate:
                return what, record
    records = [one for one in find(home, what) if one.profile in CA_PROFILES and one.certificate is not None]
    if len(records) != 1:
        raise UsageError(f"there is no CA {what[:80]!r} in this home", hint="handclasp ca list, handclasp list --all")
    labels = {one.certificate: one.label for one in home.store.authorities()}
    return labels.get(records[0].certificate or b""), records[0]
