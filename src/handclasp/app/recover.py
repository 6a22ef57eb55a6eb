"""Puts right what an interrupted run left. Called under the home's lock, so nothing found here is still being worked on."""

from cryptography import x509

from handclasp.app.authority import KEY_MADE
from handclasp.app.crashpoint import crashpoint
from handclasp.app.half_written import as_pattern, sweep
from handclasp.app.home import Home
from handclasp.app.identity_files import current_key, spki, write_identity
from handclasp.catalogue.profiles import OWN_PROFILES
from handclasp.model.issuance import CertificateRecord, CertificateState, Reason


def recover(home: Home) -> tuple[CertificateRecord, ...]:
    """Abandon intents whose signature never came, and complete the files of what was recorded; returns the completed ones.

    An abandoned intent stays in the registry and can be revoked: if its signature exists after all, it has a name. What another
    host signed for a key that it made and left behind cannot be completed here, and nobody was given it: it is revoked.

    Raises:
        WorldError: a folder cannot be written; nothing is lost, the next run tries again.
    """
    sweep(home.files, [home.layout.folder, *map(home.layout.at, ("keys", "ca", "requests"))])
    for record in home.store.pending():
        _abandon(home, record)
    finished = []
    for record in home.store.unexported():
        sweep(home.files, [home.layout.identity(record.name)])
        if _key_is_elsewhere(home, record):
            _forsake(home, record)
            continue
        write_identity(home, record)
        finished.append(record)
    return tuple(finished)


def sweep_keys(home: Home, name: str) -> None:
    """Take away staged keys of an identity. With everything recovered they belong to nothing that still becomes something."""
    for path in home.files.glob(f"{as_pattern(home.layout.identity(name))}/.key-*.pem"):
        home.files.remove(path)


def _key_is_elsewhere(home: Home, record: CertificateRecord) -> bool:
    if record.state is not CertificateState.ISSUED or record.certificate is None:
        return False
    if home.files.exists(home.layout.staged_key(record.name, record.serial)):
        return False
    present = current_key(home, record.name)
    if present is not None and spki(present) == spki(x509.load_der_x509_certificate(record.certificate)):
        return False
    wanted = {"issuer": record.issuer, "serial": f"{record.serial:X}", **KEY_MADE}
    return any(event.action == "intent" and wanted.items() <= event.details.items() for event in home.store.audit_events())


def _forsake(home: Home, record: CertificateRecord) -> None:
    now = home.clock.now().replace(microsecond=0)
    details = {
        "serial": f"{record.serial:X}",
        "issuer": record.issuer,
        "why": "its key was made by a run that died on another host, and is not here",
    }
    with home.store.begin() as transaction:
        transaction.revoke(record.issuer, record.serial, at=now, reason=Reason.CESSATION_OF_OPERATION)
        transaction.mark_exported(record.issuer, record.serial)
        transaction.audit(at=now, actor=home.actor, action="abandoned", subject=record.name, details=details)
    crashpoint("recover.abandoned")


def _abandon(home: Home, record: CertificateRecord) -> None:
    if record.profile not in OWN_PROFILES:
        sweep(home.files, [home.layout.identity(record.name)])
        home.files.remove(home.layout.staged_key(record.name, record.serial))
    with home.store.begin() as transaction:
        transaction.abandon(record.issuer, record.serial)
        transaction.audit(
            at=home.clock.now(),
            actor=home.actor,
            action="abandoned",
            subject=record.name,
            details={"serial": f"{record.serial:X}", "issuer": record.issuer},
        )
    crashpoint("recover.abandoned")
