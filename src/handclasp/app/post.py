"""An nginx host of a fleet: what it works with, and the keys and certificates that it keeps for itself."""

import posixpath
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from handclasp.app.apply_certificates import Pair
from handclasp.app.apply_place import Place
from handclasp.app.apply_state import Gear
from handclasp.model.errors import InputError
from handclasp.pki.export import load_key
from handclasp.ports.files import FileTree
from handclasp.ports.fleet import FleetDesk
from handclasp.ports.keys import KeyStore

SECRET = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What an agent works with.

    `chain` and `key`: paths of the PEM files by which the CA knows this host; `trusted`: of those by which it knows the CA.
    """

    gear: Gear
    place: Place
    desk: FleetDesk
    keys: KeyStore
    chain: str
    key: str
    trusted: str

    def now(self) -> datetime:
        """By the clock of the CA, which decides when something ends: one that goes wrong here renews nothing for ever."""
        return self.gear.clock.now() - self.desk.ahead()


def keep(files: FileTree, base: str, pair: Pair) -> None:
    """Write BASE.key and BASE.pem; nobody else may read them."""
    files.make_folder(posixpath.dirname(base), mode=0o700)
    files.write(f"{base}.key", pair.key, mode=SECRET)
    files.write(f"{base}.pem", pair.certificate, mode=SECRET)


def kept(files: FileTree, base: str) -> Pair | None:
    """What is in BASE.key and BASE.pem; None when one is missing, or they do not belong together."""
    certificate, key = f"{base}.pem", f"{base}.key"
    if not (files.exists(certificate) and files.exists(key)):
        return None
    pair = Pair(certificate=files.read(certificate), key=files.read(key))
    try:
        same = load_key(pair.key, where=key).public_key() == leaf(pair.certificate).public_key()
    except (InputError, ValueError):
        return None  # damaged: another one is asked for
    return pair if same else None


def leaf(chain: bytes) -> x509.Certificate:
    """The first certificate of a PEM file. ValueError when it is none."""
    return x509.load_pem_x509_certificates(chain)[0]


def due(chain: bytes, now: datetime) -> bool:
    """Whether a third of its life is left, or less."""
    first = leaf(chain)
    life = first.not_valid_after_utc - first.not_valid_before_utc
    return first.not_valid_after_utc - now <= life / 3
