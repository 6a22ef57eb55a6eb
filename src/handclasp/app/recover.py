"""Puts right what an interrupted run left. Called under the home's lock, so nothing found here is still being worked on."""

from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.identity_files import write_identity
from handclasp.catalogue.profiles import OWN_PROFILES
from handclasp.model.issuance import CertificateRecord

_HALF_WRITTEN = ".*.handclasp-new"  # what FileTree.write leaves when it is killed before the rename


def recover(home: Home) -> tuple[CertificateRecord, ...]:
    """Abandon intents whose signature never came, and complete the files of what was recorded; returns the completed ones.

    An abandoned intent stays in the registry and can be revoked: if its signature exists after all, it has a name.

    Raises:
        WorldError: a folder cannot be written; nothing is lost, the next run tries again.
    """
    sweep(home, home.layout.folder, home.layout.keys, home.layout.at("ca"))
    for record in home.store.pending():
        _abandon(home, record)
    finished = []
    for record in home.store.unexported():
        sweep(home, home.layout.identity(record.name))
        write_identity(home, record)
        finished.append(record)
    return tuple(finished)


def sweep(home: Home, *folders: str) -> None:
    """Take away temporary files of killed writers, in these folders alone."""
    for folder in folders:
        for path in home.files.glob(f"{_escaped(folder)}/{_HALF_WRITTEN}"):
            home.files.remove(path)


def _abandon(home: Home, record: CertificateRecord) -> None:
    if record.profile not in OWN_PROFILES:
        sweep(home, home.layout.identity(record.name))
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


def _escaped(folder: str) -> str:
    """A folder as a pattern that matches only itself."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in folder)
