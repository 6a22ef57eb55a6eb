"""Makes one CA: key, intent, signature, record. Every step may be the last one before the process dies."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import ADDRESS, Home
from handclasp.app.judged import judge
from handclasp.catalogue.profiles import profile_named
from handclasp.model.errors import Bug, PolicyError, UsageError
from handclasp.model.issuance import Addresses, Authority, Intent, IssuanceRequest, KeyType
from handclasp.pki import tbs
from handclasp.pki.distinguished_name import canonical
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import SigningKey, kind_of, narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityPlan:
    """A CA to make. `parent` None: it signs itself. `key`: its name in the key store, if that is not the label."""

    label: str
    parent: str | None
    request: IssuanceRequest
    key: str | None = None


def certificate_of(authority: Authority) -> x509.Certificate:
    """The certificate of a CA."""
    return x509.load_der_x509_certificate(authority.certificate)


def organization_of(certificate: x509.Certificate) -> str | None:
    """O in the subject of a CA; what it makes for itself has it too, for a CA above may allow no other."""
    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else None


def make_authority(home: Home, plan: AuthorityPlan) -> Authority:
    """Make the CA and remember it. A key that an interrupted run left under this label is used: it never signed anything known.

    The home's lock must be held, and what was interrupted recovered.

    Raises:
        PolicyError: the profile does not allow it; nothing was signed.
    """
    name = plan.key or plan.label
    refuse_namesake(home, plan.request)
    _check_before_key(home, plan)
    key = ca_key(home, name, plan.request.key_type)
    crashpoint("ca.key-made")
    certificate, issuer_label = signed_ca(home, plan.request, key.public_key(), parent=plan.parent, own=(plan.label, key))
    der = certificate.public_bytes(Encoding.DER)
    made = Authority(label=plan.label, parent=plan.parent, certificate=der, key=name)
    with home.store.begin() as transaction:
        transaction.record_issued(issuer_label, certificate.serial_number, der)
        transaction.mark_exported(issuer_label, certificate.serial_number)
        transaction.add_authority(made)
        transaction.audit(
            at=home.clock.now(),
            actor=home.actor,
            action="authority-made",
            subject=plan.label,
            details=issued_details(certificate),
        )
    crashpoint("ca.recorded")
    return made


def ca_key(home: Home, name: str, key_type: KeyType) -> SigningKey:
    """The key of that name for a CA to be: a new one, or the one that an interrupted run left.

    Raises:
        PolicyError: the one that is there is of another kind.
    """
    if not home.keys.exists(name):
        return narrowed(home.keys.create(name, key_type))
    key = narrowed(home.keys.open(name))
    made = kind_of(key.public_key())
    if made is not key_type:
        raise PolicyError(
            f"an earlier run made a key named {name}, and it is {made}, not {key_type}",
            hint=f"go on with that key: --key-type {made}\nor choose another name for the CA",
        )
    return key


def refuse_namesake(home: Home, request: IssuanceRequest, *, among: tuple[Authority, ...] | None = None) -> None:
    """PolicyError when a CA of this home (or one of `among`) has that name already."""
    other = namesake(home, request, among=among)
    if other is not None:
        raise PolicyError(
            f"the {other.label} CA has that name: {certificate_of(other).subject.rfc4514_string()}",
            where=request.name,
            hint="every CA needs a name of its own: --name 'Example Issuing CA 2'",
        )


def namesake(home: Home, request: IssuanceRequest, *, among: tuple[Authority, ...] | None = None) -> Authority | None:
    """The CA of this home, even a dropped one, that has this subject: CRLs are looked up by it (RFC 5280 4.1.2.6)."""
    wanted = canonical(tbs.subject_name(request).public_bytes())
    known = home.store.authorities() if among is None else among
    same = (one for one in known if canonical(certificate_of(one).subject.public_bytes()) == wanted)
    return next(same, None)


def _check_before_key(home: Home, plan: AuthorityPlan) -> None:
    """What can be refused without a key is refused before there is one."""
    profile, request = profile_named(plan.request.profile), plan.request
    if plan.parent is None:
        tbs.check_request(profile, request)
        tbs.check_lifetime(profile, request.lifetime)
        return
    issuer = issuer_of(home, authority_named(home, plan.parent))
    tbs.check_allowed(profile, request, issuer)
    tbs.validity(profile, request.lifetime, issuer, home.clock.now())


def signed_ca(
    home: Home,
    request: IssuanceRequest,
    public_key: CertificatePublicKeyTypes,
    *,
    parent: str | None,
    own: tuple[str, SigningKey] | None = None,
) -> tuple[x509.Certificate, str]:
    """A CA certificate, judged, with its intent durable, signed by the CA `parent`; and the label of its issuer.

    `own` is label and key of a root, which signs itself. The caller records it.

    Raises:
        PolicyError: the profile, or the CA above, does not allow it; nothing was signed.
    """
    if parent is not None:
        above = authority_named(home, parent)
        signer, issuer, label = narrowed(home.keys.open(above.key)), issuer_of(home, above), above.label
    elif own is not None:
        label, signer = own
        issuer = tbs.Issuer(public_key=signer.public_key())
    else:
        raise Bug("a CA certificate needs a signer", where=request.name)
    profile = profile_named(request.profile)
    content = tbs.build(
        profile,
        request,
        public_key=public_key,
        issuer=issuer,
        serial=serial_from(home.entropy.bytes(OCTETS)),
        now=home.clock.now(),
    )
    judge(home, content, profile, request, issuer)
    add_intent(home, label, request, content)
    crashpoint("ca.intent-durable")
    certificate = tbs.sign(content, signer, issuer)
    crashpoint("ca.signed")
    return certificate, label


def authority_named(home: Home, label: str) -> Authority:
    """A CA of this home by its label; UsageError when there is none, or it was dropped."""
    for authority in home.authorities():
        if authority.label == label:
            return authority
    known = f"there are: {', '.join(one.label for one in home.authorities())}"
    if any(one.label == label for one in home.store.authorities()):
        raise UsageError(f"the {label} CA was dropped: nobody trusts it any more", hint=known)
    raise UsageError(f"there is no CA {label[:40]!r} in this home", hint=known)


def issuer_of(home: Home, authority: Authority) -> tbs.Issuer:
    """A CA as the issuer of a certificate, with the addresses of this home."""
    certificate = certificate_of(authority)
    public_key = certificate.public_key()
    return tbs.Issuer(  # the CAs of a home have such keys
        public_key=public_key,  # type: ignore[arg-type]
        certificate=certificate,
        above=cas_above(home, authority),
        addresses=addresses_of(home, authority.label),
    )


def cas_above(home: Home, authority: Authority) -> tuple[x509.Certificate, ...]:
    """The CAs above one, the nearest first and the root last."""
    by_label = {one.label: one for one in home.store.authorities()}
    found = []
    while authority.parent is not None:
        authority = by_label[authority.parent]
        found.append(certificate_of(authority))
    return tuple(found)


def addresses_of(home: Home, label: str) -> Addresses:
    """Where the things of a CA can be fetched, as `handclasp ca addresses` was told; {label} in it is the CA's."""
    found = home.store.values(ADDRESS)
    texts = {kind: found.get(f"{ADDRESS}{kind}") for kind in ("crl", "ocsp", "issuer")}
    return Addresses(**{kind: text.replace("{label}", label) for kind, text in texts.items() if text})


KEY_MADE = {"key": "made"}
"""What the intent's event says when the key was made in this job: it lies staged on the host of the job, and nowhere else."""


def add_intent(home: Home, issuer_label: str, request: IssuanceRequest, content: tbs.TbsCertificate) -> None:
    """Make it durable that this content is going to be signed (invariant I2)."""
    now = home.clock.now()
    intent = Intent(
        serial=content.preview.serial_number,
        issuer=issuer_label,
        profile=request.profile,
        name=request.name,
        tbs_sha256=content.sha256,
        not_before=content.preview.not_valid_before_utc,
        not_after=content.preview.not_valid_after_utc,
        created=now,
    )
    with home.store.begin() as transaction:
        transaction.add_intent(intent)
        transaction.audit(
            at=now,
            actor=home.actor,
            action="intent",
            subject=request.name,
            details=intent_details(issuer_label, intent.serial, intent.tbs_sha256),
        )


def intent_details(issuer_label: str, serial: int, tbs_sha256: str) -> dict[str, str]:
    """What the audit log says of an intent."""
    return {"issuer": issuer_label, "serial": f"{serial:X}", "tbs_sha256": tbs_sha256}


def issued_details(certificate: x509.Certificate) -> dict[str, str]:
    """What the audit log says of a new certificate."""
    issuer, subject = certificate.issuer.rfc4514_string(), certificate.subject.rfc4514_string()
    return described_details(certificate.serial_number, issuer, subject, certificate.not_valid_after_utc)


def described_details(serial: int, issuer: str, subject: str, not_after: datetime) -> dict[str, str]:
    """The same of what was read before: the names are in the words of RFC 4514."""
    return {"serial": f"{serial:X}", "issuer": issuer, "subject": subject, "not_after": not_after.isoformat()}
