"""A home: the folder of one CA, and the ports that its jobs work with."""

import contextlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from handclasp.app.crashpoint import crashpoint
from handclasp.model.command import word
from handclasp.model.errors import HandclaspError, UsageError, WorldError
from handclasp.model.issuance import Authority
from handclasp.pki.serials import format_serial
from handclasp.ports.clock import Clock, Entropy
from handclasp.ports.files import FileTree
from handclasp.ports.keys import KeyStore
from handclasp.ports.linter import Linter
from handclasp.ports.store import Store

ROOT = "root"
ISSUING = "issuing"

SESSION_EPOCH = "session_epoch"
"""Setting that counts revocations: part of the session cache zone's name, so that no older session can be resumed."""

_OF_CAS = "ca_"

RETIRED, DROPPED, PURPOSES = "ca_retired:", "ca_dropped:", "ca_purposes:"
"""Prefixes of settings, before the label of a CA: it signs nobody new; nobody trusts it any more; the profiles it is for."""

ADDRESS, CROSS = "ca_address:", "ca_cross:"
"""Prefixes of settings: before crl, ocsp or issuer; before the label of a root that another root vouches for (LABEL:SERIAL)."""

REQUESTED = "ca_requested:"
"""Prefix of the settings that name the keys here for which a CA certificate was asked elsewhere."""

UNSETTLED = "restored"
"""Setting of a restored home that does not know yet what was revoked since: when the backup was made, and by which CAs."""

FOLLOWED = "followed_configurations"
"""Setting: JSON list of the configurations that were adopted (app.follow), so that a revocation reaches them."""

CRL_DAYS = "crl_days"
"""Setting: how long the CRLs of this home live, when `init` chose otherwise: a root alone on a machine without network."""

PASSPHRASE_FILE = "passphrase_file"  # noqa: S105 - the name of a setting
"""Setting: where the passphrase of the CA keys is, when `init` was given a file."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie below a home. nginx reads what is in `ca`; the rest is for its owner."""

    folder: str

    def at(self, *parts: str) -> str:
        """A path below the home."""
        return posixpath.join(self.folder, *parts)

    @property
    def registry(self) -> str:
        """The database."""
        return self.at("registry.sqlite")

    @property
    def registry_url(self) -> str:
        """A file that says where the database is, when it is not in this home."""
        return self.at("registry.url")

    @property
    def keys(self) -> str:
        """CA keys, encrypted."""
        return self.at("keys")

    @property
    def passphrase(self) -> str:
        """The passphrase file that `init` makes when nobody is there to give one."""
        return self.at("passphrase")

    @property
    def lock(self) -> str:
        """Held by whoever changes something."""
        return self.at("lock")

    @property
    def bundle(self) -> str:
        """Every CA certificate, PEM, issuing CAs after the root: for ssl_client_certificate."""
        return self.at("ca", "bundle.pem")

    @property
    def crl(self) -> str:
        """The CRL of every CA, PEM: for ssl_crl."""
        return self.at("ca", "crl.pem")

    def authority(self, label: str) -> str:
        """The certificate of one CA."""
        return self.at("ca", f"{label}.pem")

    def identity(self, name: str, *parts: str) -> str:
        """The folder of an identity (a checked name), or a file in it."""
        return self.at("identities", name, *parts)

    def staged_key(self, name: str, serial: int) -> str:
        """A new key until its certificate is recorded."""
        return self.identity(name, f".key-{format_serial(serial)}.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What every job of the CA takes. `actor` is who is at work, for the audit log."""

    layout: Layout
    clock: Clock
    entropy: Entropy
    files: FileTree
    keys: KeyStore
    store: Store
    linter: Linter
    actor: str

    @contextlib.contextmanager
    def changing(self, purpose: str) -> Iterator[None]:
        """Hold the home's lock: one change at a time, so whatever is half-done was left by a process that died."""
        with self.files.lock(self.layout.lock, purpose=purpose), self.store.exclusive():
            yield

    def authorities(self) -> tuple[Authority, ...]:
        """All CAs that are trusted here, roots first.

        Raises:
            UsageError: the home has none yet.
            WorldError: it had, and the registry knows nothing of them.
        """
        dropped = self.store.values(DROPPED)
        found = tuple(one for one in self.store.authorities() if f"{DROPPED}{one.label}" not in dropped)
        if not found:
            self.refuse_forgotten()
            self.refuse_waiting()
            raise no_ca(self.layout.folder)
        return found

    def refuse_forgotten(self) -> None:
        """WorldError when the files of CAs are there, and the registry holds none: it was lost or emptied, not new."""
        if self.files.exists(self.layout.bundle) and not self.store.authorities():
            raise registry_lost(self.layout)

    def refuse_waiting(self) -> None:
        """UsageError when a key is here whose CA certificate was asked for and has not come: a second root is no answer."""
        waiting = sorted(self.store.values(REQUESTED))
        if waiting and not self.store.authorities():
            label = waiting[0].removeprefix(REQUESTED)
            request = self.layout.at("requests", f"{label}.csr")
            raise UsageError(
                f"the {label} CA waits for its certificate from the machine of the root",
                where=self.layout.folder,
                hint=f"there: handclasp ca sign {label}.csr -o reply.pem     the request is {request}\n"
                "then here: handclasp ca accept reply.pem",
            )

    def issuing(self, profile: str = "client") -> Authority:
        """The CA that signs certificates of this profile: the newest for it alone, else the newest for all. Never a root.

        Raises:
            UsageError: there is none.
        """
        chosen: Authority | None = None
        known, trusted = self.store.values(_OF_CAS), self.authorities()
        purposes = {one.label: known.get(f"{PURPOSES}{one.label}", "").split() for one in trusted}
        for authority in trusted:
            if authority.parent is None or f"{RETIRED}{authority.label}" in known:
                continue
            only = purposes[authority.label]
            if profile in only or not (only or (chosen and purposes[chosen.label])):
                chosen = authority
        if chosen is None:
            raise UsageError(
                f"no CA of this home signs {profile} certificates",
                where=self.layout.folder,
                hint="handclasp ca list     shows the CAs\nhandclasp ca add LABEL     makes one",
            )
        return chosen

    def purposes(self, label: str) -> tuple[str, ...]:
        """The profiles that this CA is for; empty: all that no other CA is for."""
        return tuple((self.store.value(f"{PURPOSES}{label}") or "").split())


def no_ca(folder: str) -> UsageError:
    """There is no CA here."""
    return UsageError(
        "there is no certificate authority in this home", where=folder, hint=f"handclasp init --home {word(folder)}"
    )


def registered(files: FileTree, layout: Layout) -> bool:
    """Whether this home has a registry, here or in a database elsewhere."""
    return files.exists(layout.registry) or files.exists(layout.registry_url)


def prepare_home(files: FileTree, layout: Layout) -> None:
    """Make the folder of a home. WorldError when it holds CA keys but no registry: a new one would forget what was issued."""
    files.make_folder(layout.folder)
    crashpoint("init.home-made")
    if not registered(files, layout) and files.exists(layout.bundle):
        raise registry_lost(layout)


def no_registry(files: FileTree, layout: Layout) -> HandclaspError:
    """Why there is none: nobody made a CA here, or it was lost."""
    return registry_lost(layout) if files.exists(layout.bundle) else no_ca(layout.folder)


def registry_lost(layout: Layout) -> WorldError:
    """There are the files of a CA, and nobody knows what it issued."""
    return WorldError(
        "the registry of this home is gone, and its CA is still there",
        where=layout.registry,
        hint="without it nothing that was issued could be revoked: move this home aside, then\n"
        "handclasp restore BACKUP --crl CRL     the CRL file that nginx has now",
    )
