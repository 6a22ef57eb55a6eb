"""Issues a certificate: profile decides, lint judges, intent is durable, CA signs, result is recorded, files are written.

Nothing is signed without its intent, and everything signed can be revoked, wherever the process dies.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from handclasp.app.authority import KEY_MADE, described_details, intent_details
from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.identity_files import LEGACY_P12, make_folder, put_away_devices, write_identity
from handclasp.app.key_reuse import refuse_key
from handclasp.app.press import Drawn, press_of
from handclasp.app.profiles import profile_of
from handclasp.app.recover import recover, sweep_keys
from handclasp.catalogue.profiles import OWN_PROFILES
from handclasp.model.certificate import GeneralName
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import (
    CertificateRecord,
    CertificateState,
    Holder,
    Intent,
    IssuanceRequest,
    KeyType,
    NewEvent,
    Profile,
)
from handclasp.pki import tbs
from handclasp.pki.alt_names import dns_name, subject_alt_name
from handclasp.pki.csr import Wishes
from handclasp.pki.export import key_pem
from handclasp.pki.names import fold, identity_name, organization_name
from handclasp.pki.signing import SigningKey, narrowed
from handclasp.pki.subject_key import SubjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueOrder:
    """What a person asks for, unchecked. `subject_alt_names` as typed (`dns:api.test`).

    A name that is itself such a name goes in too where the profile demands one; `key_type` None: the profile's first.
    `wishes`: from a request, whose key is certified; its names only with `take_names`, and where the profile has such.
    """

    name: str
    profile: str = "client"
    subject_alt_names: tuple[str, ...] = ()
    key_type: KeyType | None = None
    lifetime: timedelta | None = None
    organization: str | None = None
    legacy_p12: bool = False
    wishes: Wishes | None = None
    take_names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and where its files are. `resumed`: an interrupted run had made it, this one completed its files.

    `refused`: wishes of the request that were not granted, in words. `former`: serial of the certificate before this one,
    `stale`: the devices whose bundles hold that one; they were put away with it.
    """

    record: CertificateRecord
    certificate: x509.Certificate
    folder: str
    files: tuple[str, ...]
    resumed: bool = False
    refused: tuple[str, ...] = ()
    former: int | None = None
    stale: tuple[str, ...] = ()


def issue(home: Home, order: IssueOrder) -> Issued:
    """Make a key and a certificate for a new identity, and write its folder.

    Raises:
        UsageError: the name, a subject alternative name or the profile is none.
        PolicyError: the profile does not allow it, or the identity has a certificate already.
        WorldError: the keys cannot be unlocked, or the disk failed; run it again to go on.
    """
    request = request_of(order, lambda name: profile_of(home, name))
    key = None if order.wishes else narrowed(home.keys.generate(request.key_type))
    home.keys.open(home.issuing(request.profile).key)  # unlocking takes a while: before the lock
    with home.changing(f"issuing {request.name}"):
        finished = [record for record in recover(home) if record.name == request.name]
        if finished and _answers(finished[-1], request):
            return described(home, finished[-1], resumed=True)
        refuse_taken(home, request.name)
        _remember_form(home, request.name, legacy=order.legacy_p12)
        public_key = order.wishes.public_key if order.wishes else None
        return replace(make(home, request, public_key, key), refused=refused_wishes(order, request))


def request_of(order: IssueOrder, find: Callable[[str], Profile]) -> IssuanceRequest:
    """The order checked and completed: name, profile, names, and the profile's first key type when none was asked for.

    Raises:
        UsageError: see `issue`.
        PolicyError: a profile of CAs.
    """
    name = identity_name(order.name)
    profile = find(order.profile)
    if profile.ca or profile.name in OWN_PROFILES:
        raise PolicyError(
            f"profile {profile.name} is for CAs and their responders", hint="handclasp init and handclasp serve make those"
        )
    names = tuple(subject_alt_name(text) for text in order.subject_alt_names)
    wanted = order.wishes.names if order.wishes and order.take_names else ()
    names += tuple(wish for wish in wanted if wish.kind in profile.san_kinds)
    return IssuanceRequest(
        name=name,
        profile=profile.name,
        subject_alt_names=tuple(dict.fromkeys((*_own_name(profile, name), *names))),
        key_type=order.wishes.key_type if order.wishes else order.key_type or profile.key_types[0],
        lifetime=order.lifetime,
        organization=organization_name(order.organization) if order.organization is not None else None,
    )


def refuse_taken(home: Home, name: str) -> None:
    """PolicyError when the name has a certificate that may enter, or looks like another name."""
    refuse_holders(name, home.store.holders([fold(name)]), home.clock.now())


def refuse_holders(name: str, holders: Iterable[Holder], now: datetime) -> None:
    """As `refuse_taken`, of those who were found to have that name, or one that looks like it."""
    others = sorted({other.name for other in holders if other.name != name})
    if others:
        raise PolicyError(
            f"{name!r} would be mistaken for {others[0]!r}, which exists",
            hint="people and some file systems cannot tell them apart; choose another name",
        )
    for holder in holders:
        if holder.state is CertificateState.ISSUED and holder.not_after > now:
            raise PolicyError(
                f"{name} has a certificate, good until {holder.not_after:%Y-%m-%d}",
                hint=f"handclasp renew {_quoted(name)}     a new one beside it\n"
                f"handclasp revoke {_quoted(name)}    shut this one out first",
            )


def make(home: Home, request: IssuanceRequest, public_key: CertificatePublicKeyTypes | None, key: SigningKey | None) -> Issued:
    """Sign, record and export, with the home's lock held and the request checked.

    A new `key`, or the `public_key` of one that is in the identity's folder already or stays with its owner.
    """
    public_key = key.public_key() if key is not None else public_key
    if public_key is None:
        raise Bug("a certificate needs a key", where=request.name)
    refuse_key(home, request.name, public_key)
    press = press_of(home, request.profile)
    drawn = press.drawn(profile_of(home, request.profile), request, SubjectKey.of(public_key))
    label, now = press.authority.label, home.clock.now()
    make_folder(home, request.name)
    sweep_keys(home, request.name)
    with home.store.begin() as transaction:
        transaction.add_intent(intent := drawn.intent(label, now))
        transaction.audit_all([intent_event(home.actor, intent, key_made=key is not None)])
    crashpoint("issue.intent-durable")
    if key is not None:
        home.files.write(home.layout.staged_key(request.name, drawn.serial), key_pem(key), mode=0o600)
    crashpoint("issue.key-staged")
    (signed,) = press.certificates([drawn])
    crashpoint("issue.signed")
    with home.store.begin() as transaction:
        transaction.record_issued(label, drawn.serial, signed.der)
        transaction.audit_all([issued_event(home.actor, press.issuer_name, drawn, home.clock.now())])
    crashpoint("issue.recorded")
    record = home.store.find(label, drawn.serial)
    if record is None:
        raise Bug("the registry forgot what it just recorded", where=request.name)
    files = write_identity(home, record)
    return replace(described(home, record), files=files)


def intent_event(actor: str, intent: Intent, *, key_made: bool = False) -> NewEvent:
    """That this is going to be signed. `key_made`: its key lies staged on this host, and nowhere else."""
    details = intent_details(intent.issuer, intent.serial, intent.tbs_sha256)
    return NewEvent(intent.created, actor, "intent", intent.name, details | KEY_MADE if key_made else details)


def issued_event(actor: str, issuer: str, drawn: Drawn, at: datetime) -> NewEvent:
    """That it was, by the CA of that name (RFC 4514)."""
    details = described_details(drawn.serial, issuer, drawn.subject, drawn.not_after)
    return NewEvent(at, actor, "issued", drawn.name, details)


def described(home: Home, record: CertificateRecord, *, resumed: bool = False) -> Issued:
    """A recorded certificate with the files of its folder."""
    if record.certificate is None:
        raise Bug("there is no certificate in this record", where=record.name)
    folder = home.layout.identity(record.name)
    signed = [one.serial for one in home.store.certificates(name=record.name) if one.certificate is not None]
    former = next((serial for serial in reversed(signed) if serial != record.serial), None)
    return Issued(
        record=record,
        certificate=x509.load_der_x509_certificate(record.certificate),
        folder=folder,
        files=files_in(home, folder),
        resumed=resumed,
        former=former,
        stale=put_away_devices(home, record.name, former) if former is not None else (),
    )


def files_in(home: Home, folder: str) -> tuple[str, ...]:
    """The files of an identity that are for its owner: not what is staged, and not the archive."""
    return tuple(path for path in home.files.walk(folder) if not path[len(folder) + 1 :].startswith((".", "previous/")))


def _own_name(profile: Profile, name: str) -> tuple[GeneralName, ...]:
    """The identity's own name as subject alternative name where the profile demands one and the name is one."""
    if not profile.san_required:
        return ()
    if "email" in profile.san_kinds and "@" in name:
        return (subject_alt_name(f"email:{name}"),)
    if "dns" in profile.san_kinds and "." in name and dns_name(name) is not None:
        return (subject_alt_name(f"dns:{name}"),)
    return ()


def _answers(record: CertificateRecord, request: IssuanceRequest) -> bool:
    """Whether a certificate completed just now is what this request asks for."""
    if record.certificate is None or record.state is not CertificateState.ISSUED or record.profile != request.profile:
        return False
    certificate = x509.load_der_x509_certificate(record.certificate)
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = []
    return names == tbs.general_names(request.subject_alt_names)


def refused_wishes(order: IssueOrder, request: IssuanceRequest) -> tuple[str, ...]:
    """Wishes of the order that the request does not grant, in words, each with the reason."""
    if order.wishes is None:
        return ()
    why = f"profile {request.profile} has no names of this kind" if order.take_names else "take it with --take-names"
    names = (f"name {wish.kind}:{wish.value}: {why}" for wish in order.wishes.names if wish not in request.subject_alt_names)
    return (*names, *(other for other in order.wishes.others if not other.startswith(f"subject CN={request.name}: ")))


def _remember_form(home: Home, name: str, *, legacy: bool) -> None:
    key = f"{LEGACY_P12}{name}"
    wanted = "yes" if legacy else "no"
    if (home.store.value(key) or "no") != wanted:
        with home.store.begin() as transaction:
            transaction.set_value(key, wanted)


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name
