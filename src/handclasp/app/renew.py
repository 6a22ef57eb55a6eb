"""A new certificate for an identity that has one: with the same key (renew) or another (rekey). The old one stays good.

So there is an overlap, in which the holder can change over; revoking the old one is a step of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from cryptography import x509
from cryptography.x509.oid import NameOID

from handclasp.app.authority import certificate_of
from handclasp.app.hierarchy import is_retired, users_of
from handclasp.app.home import Home
from handclasp.app.identity_files import current_key, spki
from handclasp.app.issue import Issued, described, make
from handclasp.app.names_here import check_ca, which_identity
from handclasp.app.profiles import profile_names, profile_of
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import BACKDATE, OWN_PROFILES
from handclasp.model.certificate import GeneralName
from handclasp.model.errors import HandclaspError, InputError, PolicyError, UsageError
from handclasp.model.issuance import CertificateRecord, CertificateState, IssuanceRequest, KeyType, Standing, Wanted
from handclasp.pki.alt_names import as_asked
from handclasp.pki.csr import Wishes
from handclasp.pki.read import certificate_from_der
from handclasp.pki.signing import kind_of, narrowed

_NEWEST_OF_EACH = Wanted(states=(CertificateState.ISSUED,), not_profiles=OWN_PROFILES, newest=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewOrder:
    """`new_key`: make one (of `key_type`, or of the kind it had). `wishes`: the new key comes with a request instead.

    `lifetime` None: as long as the former certificate was made for.
    """

    name: str
    new_key: bool = False
    key_type: KeyType | None = None
    lifetime: timedelta | None = None
    wishes: Wishes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What became of one name: `issued`, or `failure`."""

    name: str
    issued: Issued | None
    failure: HandclaspError | None


def renew_all(home: Home, names: Iterable[str], *, lifetime: timedelta | None) -> Iterator[Renewal]:
    """Renew one after the other, each told as it is done; what fails for one does not keep the others from it.

    First comes what an interrupted run had signed, whose files are not there yet: it is in time by the registry, so that nobody
    would look after it, and what its holder has is the former one. It is not renewed once more.

    Raises:
        WorldError: the disk or the key store failed; who was told before is renewed.
    """
    finished = _finished(home)
    yield from finished
    done = {one.name for one in finished}
    for name in names:
        if name in done:
            continue
        try:
            made = renew(home, RenewOrder(name=name, lifetime=lifetime))
        except (UsageError, InputError, PolicyError) as error:
            yield Renewal(name=name, issued=None, failure=error)
        else:
            yield Renewal(name=name, issued=made, failure=None)


def _finished(home: Home) -> tuple[Renewal, ...]:
    """What an interrupted run had signed, with its files made now."""
    if not home.store.pending() and not home.store.unexported():
        return ()
    with home.changing("finishing what was interrupted"):
        records = [one for one in recover(home) if one.state is CertificateState.ISSUED and one.profile not in OWN_PROFILES]
        return tuple(Renewal(name=one.name, issued=described(home, one, resumed=True), failure=None) for one in records)


def renew(home: Home, order: RenewOrder) -> Issued:
    """Make the new certificate and put it in the identity's folder; the old files go to previous/SERIAL.

    Profile, subject, alternative names and life are those of the newest certificate, expired or not.

    Raises:
        UsageError: there is no such identity.
        PolicyError: its newest certificate is revoked, or a new key is wanted where the key was made elsewhere.
    """
    home.keys.open(home.issuing(newest(home, order.name)[0].profile).key)
    with home.changing(f"renewing {order.name}"):
        finished = [record for record in recover(home) if record.name == order.name]
        if finished:
            return described(home, finished[-1], resumed=True)
        record, certificate = newest(home, order.name)
        request = _request(home, order, record, certificate)
        if order.wishes is not None:
            return make(home, request, order.wishes.public_key, None)
        present = current_key(home, order.name)
        if not order.new_key:
            return make(home, request, certificate.public_key(), None)
        if present is None or spki(present) != spki(certificate):
            raise PolicyError(
                f"the key of {order.name} was made elsewhere, so a new one has to come from there too",
                hint=f"handclasp rekey {order.name} --csr FILE",
            )
        key = narrowed(home.keys.generate(request.key_type))
        return make(home, request, key.public_key(), key)


def hanging_from(home: Home, label: str) -> tuple[str, ...]:
    """Names that have no good certificate but below this CA. PolicyError while it signs: they would hang from it again."""
    check_ca(home, label)
    if not is_retired(home, label):
        raise PolicyError(
            f"the {label} CA still signs: who is renewed now would hang from it again",
            hint=f"handclasp ca rollover {label}     makes its successor first, or: handclasp ca retire {label}",
        )
    users = users_of(home, label)
    return tuple(user.name for user in users if not user.newer and user.profile not in OWN_PROFILES)


def due(home: Home, within: timedelta | None) -> tuple[str, ...]:
    """Names whose newest good certificate ends within that time, in order of their end; expired ones come first.

    `within` None: those of whose life less than a third is left, be it days or years; so too those that were made for less than
    `within`, which would be due again as soon as they are made. One that begins in the future, made when the clock was ahead,
    is of no use now: its holder is due too.
    """
    now = home.clock.now()
    ending = [
        record
        for record in home.store.standings(_NEWEST_OF_EACH)
        if record.not_before > now or record.not_after <= now + _ahead(_life(record), within)
    ]
    return tuple(record.name for record in sorted(ending, key=lambda one: one.not_after))


def shortest_life(home: Home) -> timedelta:
    """Of what `due` looks after, and of what a profile of this home gives: a timer has to come within its last third."""
    lives = map(_life, home.store.standings(_NEWEST_OF_EACH))
    return min(chain(lives, (profile_of(home, name).lifetime for name in profile_names(home))))


def _life(record: Standing) -> timedelta:
    """What it was made for."""
    return record.not_after - record.not_before - BACKDATE


def _ahead(life: timedelta, within: timedelta | None) -> timedelta:
    return life / 3 if within is None or life <= within else within


def newest(home: Home, name: str) -> tuple[CertificateRecord, x509.Certificate]:
    """The newest certificate of an identity.

    Raises:
        UsageError: there is none.
        PolicyError: it is a CA, or revoked.
    """
    home.authorities()
    signed = [record for record in home.store.certificates(name=name) if record.certificate is not None]
    if not signed:
        raise UsageError(f"there is no identity {name!r}", hint=which_identity(home, name))
    record = signed[-1]
    if record.profile in OWN_PROFILES:
        raise PolicyError(f"{name} is a CA or its responder", hint="handclasp init makes CAs; responders renew by themselves")
    if record.state is CertificateState.REVOKED:
        raise PolicyError(f"the newest certificate of {name} is revoked", hint=f"handclasp issue {name}     makes a new one")
    return record, x509.load_der_x509_certificate(record.certificate or b"")


def _request(home: Home, order: RenewOrder, record: CertificateRecord, certificate: x509.Certificate) -> IssuanceRequest:
    organizations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    key_type = order.wishes.key_type if order.wishes else order.key_type or _former_kind(record.name, certificate)
    return IssuanceRequest(
        name=record.name,
        profile=record.profile,
        subject_alt_names=_names(record),
        key_type=key_type,
        lifetime=order.lifetime or _kept_life(home, record),
        organization=str(organizations[0].value) if organizations else None,
    )


def _former_kind(name: str, certificate: x509.Certificate) -> KeyType:
    """PolicyError when it is none that is certified here: such a certificate came with an import, and its key did not."""
    return kind_of(certificate.public_key(), hint=f"handclasp rekey {name} --csr FILE")


def _kept_life(home: Home, record: CertificateRecord) -> timedelta | None:
    """The life that the former certificate was made for, in whole days, as far as profile and CA still allow it.

    None, the profile's own, where it is not known: the end of the former CA had cut it.
    """
    ends = {one.label: certificate_of(one).not_valid_after_utc for one in home.authorities()}
    if record.not_after == ends.get(record.issuer):
        return None
    days = -((record.not_before + BACKDATE - record.not_after) // timedelta(days=1))
    left = ends[home.issuing(record.profile).label] - home.clock.now()
    kept = min(timedelta(days=days), profile_of(home, record.profile).max_lifetime, left)
    return kept if kept > timedelta(0) else None


def _names(record: CertificateRecord) -> tuple[GeneralName, ...]:
    found = certificate_from_der(record.certificate or b"").subject_alt_name or ()
    return tuple(as_asked(name) for name in found)
