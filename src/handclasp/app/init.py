"""Makes a home: root CA, issuing CA, their first CRLs, and the files nginx reads. Run again, it goes on where it stopped."""

from dataclasses import dataclass
from datetime import timedelta

from handclasp.app.authority import AuthorityPlan, certificate_of, make_authority
from handclasp.app.ca_files import write_certificates, write_crls
from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl import PublishedCrl, publish_locked, published_crls
from handclasp.app.home import ISSUING, PASSPHRASE_FILE, ROOT, SESSION_EPOCH, Home
from handclasp.app.recover import recover
from handclasp.catalogue import profiles
from handclasp.model.issuance import Authority, IssuanceRequest, KeyType
from handclasp.pki.export import PASSWORD_OCTETS, password_from
from handclasp.ports.clock import Entropy
from handclasp.ports.files import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOrder:
    """What a person may choose of a new CA. `organization` goes into both subjects."""

    name: str = "Handclasp"
    organization: str | None = None
    key_type: KeyType = KeyType.EC_P256
    root_lifetime: timedelta = profiles.ROOT.lifetime
    issuing_lifetime: timedelta | None = None
    passphrase_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialized:
    """The CAs of a home. `changed`: this run made something."""

    authorities: tuple[Authority, ...]
    crls: tuple[PublishedCrl, ...]
    changed: bool


def init(home: Home, order: InitOrder) -> Initialized:
    """Make what is missing of the home. Everything there already stays as it is.

    Raises:
        PolicyError: the order is not allowed (lifetimes, key type).
        WorldError: keys cannot be unlocked, or the disk failed; run it again to go on.
    """
    with home.changing("making the CA"):
        recover(home)
        before = home.store.last_audit_event()
        _remember(home, order)
        present = {authority.label for authority in home.store.authorities()}
        for plan in _plans(order):
            if plan.label not in present:
                make_authority(home, plan)
        crashpoint("init.authorities-made")
        write_certificates(home)
        complete = all(home.store.latest_crl(authority.label) for authority in home.authorities())
        if complete:
            write_crls(home)
            crls = published_crls(home)
        else:
            crls = publish_locked(home)
        after = home.store.last_audit_event()
    return Initialized(authorities=home.authorities(), crls=crls, changed=before != after)


def make_passphrase(files: FileTree, entropy: Entropy, path: str, *, unfinished: bool) -> None:
    """A passphrase of 128 random bits in a new file of mode 0600.

    A file that is there stays: an interrupted run made it. `unfinished` False: the home has its passphrase, nothing is made.
    """
    if unfinished and not files.exists(path):
        files.create(path, f"{password_from(entropy.bytes(PASSWORD_OCTETS))}\n".encode(), mode=0o600)


def end_of_life(authority: Authority) -> str:
    """The day a CA certificate ends, for people: 2036-11-21."""
    return f"{certificate_of(authority).not_valid_after_utc:%Y-%m-%d}"


def _plans(order: InitOrder) -> tuple[AuthorityPlan, AuthorityPlan]:
    root = IssuanceRequest(
        name=f"{order.name} Root CA",
        profile=profiles.ROOT.name,
        key_type=order.key_type,
        lifetime=order.root_lifetime,
        organization=order.organization,
    )
    issuing = IssuanceRequest(
        name=f"{order.name} Issuing CA",
        profile=profiles.ISSUING.name,
        key_type=order.key_type,
        lifetime=order.issuing_lifetime,
        organization=order.organization,
    )
    return (
        AuthorityPlan(label=ROOT, parent=None, request=root),
        AuthorityPlan(label=ISSUING, parent=ROOT, request=issuing),
    )


def _remember(home: Home, order: InitOrder) -> None:
    labels = (*(authority.key for authority in reversed(home.store.authorities())), ISSUING, ROOT)
    held = [label for label in labels if home.keys.exists(label)]
    remembers = bool(order.passphrase_file) and (not held or home.store.value(PASSPHRASE_FILE) is None)
    if remembers and held:
        home.keys.open(held[0])  # only what unlocks the keys is worth remembering
    with home.store.begin() as transaction:
        if remembers and order.passphrase_file:
            transaction.set_value(PASSPHRASE_FILE, order.passphrase_file)
        if home.store.value(SESSION_EPOCH) is None:
            transaction.set_value(SESSION_EPOCH, "1")
