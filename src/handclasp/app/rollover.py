"""A successor for a CA, while both are trusted: nobody is locked out, and the old one goes when nobody needs it any more.

A new root is vouched for by the old one, so that those who know only the old one believe it too. Every step is decided in
the registry before it is done: killed anywhere and run again, it goes on with the same names.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from handclasp.app.authority import (
    AuthorityPlan,
    authority_named,
    certificate_of,
    issued_details,
    make_authority,
    namesake,
    organization_of,
    signed_ca,
)
from handclasp.app.ca_files import write_certificates
from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl import PublishedCrl, publish_locked
from handclasp.app.hierarchy import IN_TOKEN, User, is_retired, remember_purposes, retire_locked, users_of
from handclasp.app.home import CROSS, Home
from handclasp.app.identity_files import cross_certificates
from handclasp.app.recover import recover
from handclasp.catalogue import profiles
from handclasp.model.certificate import NameConstraints
from handclasp.model.errors import PolicyError, WorldError
from handclasp.model.issuance import Authority, CaLimits, IssuanceRequest, KeyType
from handclasp.pki.ca_extensions import purposes_in, subtrees_in
from handclasp.pki.names import MAX_CHARACTERS
from handclasp.pki.signing import kind_of

SUCCESSOR = "ca_successor:"
"""Prefix of the settings that name the successor of a CA, decided before it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloverOrder:
    """`key_type` None: as the old CA's. `lifetime` None: what the profile says."""

    label: str
    key_type: KeyType | None = None
    lifetime: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledOver:
    """Old and new CAs in pairs, what the old root vouches for, and who still uses the old ones."""

    pairs: tuple[tuple[str, str], ...]
    cross: x509.Certificate | None
    users: tuple[User, ...]
    crls: tuple[PublishedCrl, ...]


def rollover(home: Home, order: RolloverOrder) -> RolledOver:
    """Make the successor of a CA, and of every CA below that still signs; the old ones then sign nobody new.

    Raises:
        UsageError: there is no such CA.
        PolicyError: it was retired before, or its certificates could not be made so.
        WorldError: the key of the CA above is not here (do it with `ca request` there).
    """
    old = authority_named(home, order.label)
    if is_retired(home, old.label) and home.store.value(f"{SUCCESSOR}{old.label}") is None:
        raise PolicyError(f"the {old.label} CA is retired: there is nothing to succeed", hint="handclasp ca list")
    if not home.keys.exists(old.key if old.parent is None else authority_named(home, old.parent).key):
        raise WorldError(
            f"the key that would sign the successor of the {old.label} CA is not here",
            hint=f"handclasp ca request {_next_label(home, old.label)} --name NAME     then have it signed where that key is\n"
            f"handclasp ca retire {old.label}     when it is accepted here",
        )
    with home.changing(f"rolling over the {old.label} CA"):
        recover(home)
        pairs = list(_decided(home, old))
        for before, after in pairs:
            _make(home, authority_named(home, before), after, order)
        cross = _vouched(home, *pairs[0]) if old.parent is None else None
        retire_locked(home, *(before for before, _ in pairs))
        write_certificates(home)
        crls = publish_locked(home)
    return RolledOver(pairs=tuple(pairs), cross=cross, users=users_of(home, old.label), crls=crls)


def _decided(home: Home, old: Authority) -> tuple[tuple[str, str], ...]:
    """Old and new labels, from the top down; written down before the first is made."""
    chosen: list[tuple[str, str]] = []
    queue = [old]
    while queue:
        one = queue.pop(0)
        after = home.store.value(f"{SUCCESSOR}{one.label}") or _next_label(home, one.label)
        chosen.append((one.label, after))
        queue += [
            child
            for child in home.authorities()
            if child.parent == one.label
            and (not is_retired(home, child.label) or home.store.value(f"{SUCCESSOR}{child.label}"))
        ]
    with home.store.begin() as transaction:
        for before, after in chosen:
            transaction.set_value(f"{SUCCESSOR}{before}", after)
    crashpoint("rollover.decided")
    return tuple(chosen)


def _make(home: Home, old: Authority, label: str, order: RolloverOrder) -> None:
    if any(one.label == label for one in home.authorities()):
        return
    parent = None if old.parent is None else home.store.value(f"{SUCCESSOR}{old.parent}") or old.parent
    remember_purposes(home, label, home.purposes(old.label))
    key = f"{IN_TOKEN}{label}" if old.key.startswith(IN_TOKEN) else None
    make_authority(home, AuthorityPlan(label=label, parent=parent, request=_request(home, old, label, order), key=key))


def _request(home: Home, old: Authority, label: str, order: RolloverOrder) -> IssuanceRequest:
    """The same subject with a number behind it, under the same limits."""
    before = certificate_of(old)
    request = IssuanceRequest(
        name=old.label,
        profile=profiles.ROOT.name if old.parent is None else profiles.ISSUING.name,
        key_type=order.key_type or kind_of(before.public_key(), hint=f"handclasp ca rollover {old.label} --key-type ec-p256"),
        lifetime=order.lifetime if old.label == order.label else None,
        organization=organization_of(before),
        limits=CaLimits(
            path_length=before.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length,
            extended_key_usage=purposes_in(before),
            names=_names(before),
        ),
    )
    return _numbered(home, request, before, int(label.rpartition("-")[2]))


def _numbered(home: Home, request: IssuanceRequest, before: x509.Certificate, number: int) -> IssuanceRequest:
    """With the first name that no CA here has: 'Example CA 2', and so on. A CA without a common name gets its label's."""
    common = before.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    family = re.sub(r" [0-9]+$", "", str(common[0].value)) if common else request.name
    while True:
        named = replace(request, name=f"{family[: MAX_CHARACTERS - 1 - len(str(number))].rstrip()} {number}")
        if namesake(home, named) is None:
            return named
        number += 1


def _names(before: x509.Certificate) -> NameConstraints | None:
    permitted, excluded = subtrees_in(before)
    return NameConstraints(permitted=permitted, excluded=excluded) if permitted or excluded else None


def _vouched(home: Home, old: str, new: str) -> x509.Certificate | None:
    """The certificate in which the old root vouches for the new one; None where its path length forbids that."""
    present = cross_certificates(home, new)
    if present:
        return present[0]
    above, successor = authority_named(home, old), certificate_of(authority_named(home, new))
    if certificate_of(above).extensions.get_extension_for_class(x509.BasicConstraints).value.path_length is not None:
        return None
    common = str(successor.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    request = IssuanceRequest(
        name=common,
        profile=profiles.CROSS.name,
        key_type=kind_of(successor.public_key()),
        organization=organization_of(successor),
    )
    made, label = signed_ca(home, request, successor.public_key(), parent=old)
    with home.store.begin() as transaction:
        transaction.record_issued(label, made.serial_number, made.public_bytes(Encoding.DER))
        transaction.mark_exported(label, made.serial_number)
        transaction.set_value(f"{CROSS}{new}", f"{label}:{made.serial_number:X}")
        details = issued_details(made)
        transaction.audit(at=home.clock.now(), actor=home.actor, action="root-vouched", subject=new, details=details)
    crashpoint("rollover.vouched")
    return made


def _next_label(home: Home, label: str) -> str:
    """issuing, issuing-2, issuing-3 ... : the first that was never used."""
    stem, dash, number = label.rpartition("-")
    base, count = (stem, int(number)) if dash and number.isdigit() else (label, 1)
    used = {one.label for one in home.store.authorities()}
    while f"{base}-{count + 1}" in used:
        count += 1
    return f"{base}-{count + 1}"
