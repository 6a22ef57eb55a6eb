"""More CAs than the first two: for servers alone, for one domain, deeper ones; who is below each, and taking one out of use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from handclasp.app.authority import AuthorityPlan, authority_named, certificate_of, make_authority, organization_of
from handclasp.app.ca_files import crls_written, newest_crls, write_certificates
from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl import PublishedCrl, publish_locked
from handclasp.app.home import DROPPED, PURPOSES, RETIRED, Home
from handclasp.app.profiles import profile_of
from handclasp.app.recover import recover
from handclasp.catalogue import profiles
from handclasp.model.certificate import GeneralName, NameConstraints
from handclasp.model.errors import PolicyError, UsageError, WorldError
from handclasp.model.issuance import Authority, CaLimits, CertificateState, IssuanceRequest, KeyType, Standing, Wanted
from handclasp.pki.ca_extensions import constraint
from handclasp.pki.names import authority_name, organization_name

LABEL = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
"""What a CA may be called: part of file names and of what people type."""

IN_TOKEN = "pkcs11:"  # noqa: S105 - the beginning of a name
"""Before the names of keys that are in a token: those of their successors are made there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaOrder:
    """A CA to make below `parent`, as typed. `purposes`: profiles it alone is for; `permit`, `exclude`: dns:example.test."""

    label: str
    parent: str | None = None
    name: str | None = None
    organization: str | None = None
    purposes: tuple[str, ...] = ()
    permit: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    path_length: int | None = None
    lifetime: timedelta | None = None
    key_type: KeyType = KeyType.EC_P256
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who has a good certificate below a CA: an identity, or a CA elsewhere (profile issuing).

    `newer`: its newest good certificate does not hang from that CA.
    """

    name: str
    profile: str
    until: str
    newer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaState:
    """One CA as people see it. `state`: active, retired or dropped; `users`: names that would be lost without it."""

    authority: Authority
    state: str
    purposes: tuple[str, ...]
    here: bool
    users: int


def add_authority(home: Home, order: CaOrder) -> tuple[Authority, tuple[PublishedCrl, ...]]:
    """Make a CA with its first CRL, and put it among those that nginx trusts. Run again after an interruption, it goes on.

    Raises:
        UsageError: label, parent, profile or a name constraint is none.
        PolicyError: there is another CA of that label, or the CA above does not allow it.
        WorldError: the key of the CA above is not here, or cannot be unlocked.
    """
    parent = authority_named(home, order.parent or top_of(home))
    request = ca_request(home, order, certificate_of(parent))
    if not parent.key.startswith(IN_TOKEN) and not home.keys.exists(parent.key):
        raise WorldError(
            f"the key of the {parent.label} CA, which would sign it, is not here",
            hint=f"handclasp ca request {order.label} --name NAME     then have it signed where that key is: handclasp ca sign",
        )
    with home.changing(f"making the {order.label} CA"):
        recover(home)
        present = {one.label: one for one in home.store.authorities()}
        made = present.get(order.label)
        if made is None:
            remember_purposes(home, order.label, order.purposes)
            made = make_authority(home, AuthorityPlan(label=order.label, parent=parent.label, request=request, key=order.key))
        elif home.store.crl_period(order.label) is not None and crls_written(home, newest_crls(home)):
            raise PolicyError(f"there is a CA named {order.label} already", hint="handclasp ca list")
        write_certificates(home)
        return made, publish_locked(home)


def ca_request(home: Home, order: CaOrder, above: x509.Certificate) -> IssuanceRequest:
    """The order checked and completed: purposes become extended key usages, names become constraints.

    Raises:
        UsageError: a label, name, profile or constraint is none.
    """
    label = checked_label(order.label)
    usages = tuple(dict.fromkeys(word for name in order.purposes for word in profile_of(home, name).extended_key_usage))
    return IssuanceRequest(
        name=authority_name(default_name(above, label) if order.name is None else order.name),
        profile=profiles.ISSUING.name,
        key_type=order.key_type,
        lifetime=order.lifetime,
        organization=organization_name(order.organization) if order.organization is not None else organization_of(above),
        limits=CaLimits(
            path_length=order.path_length, extended_key_usage=usages, names=_constraints(order.permit, order.exclude)
        ),
    )


def checked_label(label: str) -> str:
    """A label that can be a file name; UsageError when it cannot."""
    if not LABEL.match(label):
        raise UsageError(
            f"a CA cannot be called {label[:40]!r}", hint="lower-case letters, digits and hyphens, for example: servers"
        )
    return label


def default_name(above: x509.Certificate, label: str) -> str:
    """A name for a CA below `above`: 'Example Root CA' and label servers make 'Example Servers CA'."""
    common = above.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    family = re.sub(r"\s*(Root|Issuing)?\s*CA( \d+)?\Z", "", str(common[0].value)) if common else "Handclasp"
    return f"{family} {' '.join(word.capitalize() for word in label.split('-'))} CA"


def remember_purposes(home: Home, label: str, purposes: Iterable[str]) -> None:
    """Which profiles a CA is for, before it exists: so it never signs anything else."""
    with home.store.begin() as transaction:
        transaction.set_value(f"{PURPOSES}{label}", " ".join(purposes))


def top_of(home: Home) -> str:
    """The newest root of this home that still signs."""
    roots = [one.label for one in home.authorities() if one.parent is None and not is_retired(home, one.label)]
    owned = [label for label in roots if home.keys.exists(authority_named(home, label).key)]
    if not roots:
        raise UsageError("no root of this home signs CAs any more", hint="handclasp ca rollover root")
    return (owned or roots)[-1]


def is_retired(home: Home, label: str) -> bool:
    """Whether a CA signs nobody new."""
    return home.store.value(f"{RETIRED}{label}") is not None


def below(home: Home, label: str) -> tuple[Authority, ...]:
    """A CA and every CA below it."""
    found = [one for one in home.store.authorities() if one.label == label]
    for authority in found:
        found += [one for one in home.store.authorities() if one.parent == authority.label]
    return tuple(found)


def users_of(home: Home, label: str) -> tuple[User, ...]:
    """Who has an unexpired certificate below this CA, by name; those without a newer one elsewhere first.

    A certificate of a CA that nobody trusts any more is none.
    """
    labels = {one.label for one in below(home, label)}
    if not labels:
        authority_named(home, label)  # says which there are
    now = home.clock.now()
    own = {(one.parent or one.label, certificate_of(one).serial_number) for one in home.store.authorities()}
    dropped = {key.removeprefix(DROPPED) for key in home.store.values(DROPPED)} - labels
    last: dict[str, Standing] = {}
    newest: dict[str, str] = {}
    for one in home.store.standings(Wanted(states=(CertificateState.ISSUED,), lasting=now)):
        elsewhere = one.profile == profiles.ISSUING.name and (one.issuer, one.serial) not in own
        if one.issuer in dropped or (one.profile in profiles.OWN_PROFILES and not elsewhere):
            continue
        newest[one.name] = one.issuer
        if one.issuer in labels:
            last[one.name] = one
    users = [
        User(name=one.name, profile=one.profile, until=f"{one.not_after:%Y-%m-%d}", newer=newest[one.name] not in labels)
        for one in last.values()
    ]
    return tuple(sorted(users, key=lambda user: (user.newer, user.name)))


def states(home: Home) -> tuple[CaState, ...]:
    """Every CA this home ever had, roots first."""
    home.authorities()
    return tuple(_state(home, one) for one in home.store.authorities())


def retire(home: Home, label: str) -> None:
    """The CA signs nobody new; what it signed stays good. PolicyError when nobody could sign clients any more."""
    authority_named(home, label)
    with home.changing(f"retiring the {label} CA"):
        retire_locked(home, label)


def retire_locked(home: Home, *labels: str) -> None:
    """As `retire`, for a caller that holds the lock."""
    now = home.clock.now()
    with home.store.begin() as transaction:
        for label in labels:
            if not is_retired(home, label):
                transaction.set_value(f"{RETIRED}{label}", now.isoformat())
                transaction.audit(at=now, actor=home.actor, action="authority-retired", subject=label, details={})
    crashpoint("hierarchy.retired")


def drop(home: Home, label: str) -> tuple[tuple[Authority, ...], tuple[PublishedCrl, ...]]:
    """Trust a CA, and every CA below it, no longer: out of the bundle and the CRL file. Their records stay.

    Raises:
        PolicyError: it still signs, or somebody has no other certificate.
    """
    authority_named(home, label)
    gone = below(home, label)
    names = [one.label for one in gone]
    signing = [name for name in names if not is_retired(home, name)]
    if signing:
        raise PolicyError(
            f"the {signing[0]} CA still signs certificates",
            hint=f"handclasp ca rollover {signing[0]}     makes its successor\nhandclasp ca retire {signing[0]}",
        )
    lost = [user.name for user in users_of(home, label) if not user.newer]
    if lost:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise PolicyError(
            f"{', '.join(lost[:5])}{more} would be locked out: their only certificate is below the {label} CA",
            hint=f"handclasp renew --under {label}     gives them new ones; bring those to their places first\n"
            "a CA elsewhere: handclasp ca revoke SERIAL --reason superseded     when another has followed it there",
        )
    with home.changing(f"dropping the {label} CA"):
        now = home.clock.now()
        with home.store.begin() as transaction:
            for name in names:
                transaction.set_value(f"{DROPPED}{name}", now.isoformat())
                transaction.audit(at=now, actor=home.actor, action="authority-dropped", subject=name, details={})
        crashpoint("hierarchy.dropped")
        write_certificates(home)
        return gone, publish_locked(home)


def _state(home: Home, authority: Authority) -> CaState:
    dropped = home.store.value(f"{DROPPED}{authority.label}") is not None
    state = "dropped" if dropped else "retired" if is_retired(home, authority.label) else "active"
    return CaState(
        authority=authority,
        state=state,
        purposes=home.purposes(authority.label),
        here=home.keys.exists(authority.key),
        users=0 if dropped else sum(not user.newer for user in users_of(home, authority.label)),
    )


def _constraints(permit: tuple[str, ...], exclude: tuple[str, ...]) -> NameConstraints | None:
    if not permit and not exclude:
        return None
    return NameConstraints(permitted=_trees(permit), excluded=_trees(exclude))


def _trees(texts: tuple[str, ...]) -> tuple[GeneralName, ...]:
    return tuple(constraint(text) for text in texts)
