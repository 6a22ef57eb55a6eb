"""Makes a home: root CA, issuing CA, their first CRLs, and the files nginx reads. Run again, it goes on where it stopped."""

from dataclasses import dataclass
from datetime import timedelta

from handclasp.app.authority import AuthorityPlan, certificate_of, make_authority
from handclasp.app.ca_files import write_certificates, write_crls
from handclasp.app.ceremony import request_ca, write_request
from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl import PublishedCrl, publish_locked, published_crls
from handclasp.app.hierarchy import remember_purposes
from handclasp.app.home import CRL_DAYS, ISSUING, PASSPHRASE_FILE, ROOT, SESSION_EPOCH, Home
from handclasp.app.recover import recover
from handclasp.app.token import LABEL as TOKEN_LABEL
from handclasp.app.token import Token, set_token
from handclasp.catalogue import profiles
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import Authority, CaLimits, IssuanceRequest, KeyType
from handclasp.pki.export import PASSWORD_OCTETS, password_from
from handclasp.ports.clock import Entropy
from handclasp.ports.files import FileTree

_SPLIT = (("clients", "Clients", ("client", "email", "person")), ("servers", "Servers", ("server", "peer")))
"""A CA for those who come in and one for those who answer; a peer does both, and servers trust it with care."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOrder:
    """What a person may choose of a new CA. `organization` goes into all subjects.

    `issuing` False: a root alone, for a machine without network. `split`: one issuing CA for clients, one for servers.
    `token`: the root's key is made in it.
    """

    name: str = "Handclasp"
    organization: str | None = None
    key_type: KeyType = KeyType.EC_P256
    root_lifetime: timedelta = profiles.ROOT.lifetime
    issuing_lifetime: timedelta | None = None
    passphrase_file: str | None = None
    issuing: bool = True
    split: bool = False
    crl_lifetime: timedelta | None = None
    token: Token | None = None


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
    _check(order)
    with home.changing("making the CA"):
        home.refuse_forgotten()
        home.refuse_waiting()
        recover(home)
        before = home.store.last_audit_event()
        _remember(home, order)
        if order.token is not None and home.store.value(TOKEN_LABEL) is None:
            set_token(home, order.token)
        present = {authority.label for authority in home.store.authorities()}
        for plan, purposes in _plans(order):
            if plan.label not in present:
                remember_purposes(home, plan.label, purposes)
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


def init_below(home: Home, order: InitOrder) -> tuple[str, str]:
    """A home whose root is elsewhere: key and request of its issuing CA. Label of that CA, and the path of the request.

    Raises:
        PolicyError: there is a CA here already.
    """
    with home.changing("making the CA"):
        _remember(home, order)
    pem = request_ca(home, ISSUING, name=f"{order.name} Issuing CA", organization=order.organization, key_type=order.key_type)
    return ISSUING, write_request(home, ISSUING, pem)


def _check(order: InitOrder) -> None:
    """What the second CA would be refused for is said before there is a first."""
    if order.issuing_lifetime and order.issuing_lifetime > order.root_lifetime:
        most = order.root_lifetime.days
        raise PolicyError(
            f"an issuing CA of {order.issuing_lifetime.days} days would outlive its root, which gets {most}",
            hint=f"ask for at most --issuing-days {most}, or for more --days",
        )


def _plans(order: InitOrder) -> list[tuple[AuthorityPlan, tuple[str, ...]]]:
    """The CAs to make from the top down, each with the profiles it alone is for."""
    root = IssuanceRequest(
        name=f"{order.name} Root CA",
        profile=profiles.ROOT.name,
        key_type=order.key_type,
        lifetime=order.root_lifetime,
        organization=order.organization,
    )
    plans: list[tuple[AuthorityPlan, tuple[str, ...]]] = [
        (AuthorityPlan(label=ROOT, parent=None, request=root, key=f"pkcs11:{ROOT}" if order.token else None), ())
    ]
    kinds = _SPLIT if order.split else ((ISSUING, "Issuing", ()),)
    for label, word, purposes in kinds if order.issuing else ():
        usages = tuple(dict.fromkeys(one for name in purposes for one in profiles.PROFILES[name].extended_key_usage))
        request = IssuanceRequest(
            name=f"{order.name} {word} CA",
            profile=profiles.ISSUING.name,
            key_type=order.key_type,
            lifetime=order.issuing_lifetime,
            organization=order.organization,
            limits=CaLimits(extended_key_usage=usages),
        )
        plans.append((AuthorityPlan(label=label, parent=ROOT, request=request), purposes))
    return plans


def _remember(home: Home, order: InitOrder) -> None:
    labels = (*(authority.key for authority in reversed(home.store.authorities())), ISSUING, ROOT)
    held = [label for label in labels if home.keys.exists(label)]
    there = home.store.value(PASSPHRASE_FILE)  # a file that was moved is remembered at its new place
    remembers = bool(order.passphrase_file) and (not held or not there or not home.files.exists(there))
    if remembers and held:
        home.keys.open(held[0])  # only what unlocks the keys is worth remembering
    with home.store.begin() as transaction:
        if remembers and order.passphrase_file:
            transaction.set_value(PASSPHRASE_FILE, order.passphrase_file)
        if order.crl_lifetime is not None and not home.store.authorities():
            transaction.set_value(CRL_DAYS, str(order.crl_lifetime.days))
        if home.store.value(SESSION_EPOCH) is None:
            transaction.set_value(SESSION_EPOCH, "1")
