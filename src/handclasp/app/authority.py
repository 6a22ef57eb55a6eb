"""Makes one CA: key, intent, signature, record. Every step may be the last one before the process dies."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.catalogue.profiles import profile_named
from handclasp.model.issuance import Authority, Intent, IssuanceRequest
from handclasp.pki import lint, tbs
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityPlan:
    """A CA to make. `parent` None: it signs itself."""

    label: str
    parent: str | None
    request: IssuanceRequest


def certificate_of(authority: Authority) -> x509.Certificate:
    """The certificate of a CA."""
    return x509.load_der_x509_certificate(authority.certificate)


def make_authority(home: Home, plan: AuthorityPlan) -> Authority:
    """Make the CA and remember it. A key that an interrupted run left under this label is used: it never signed anything known.

    The home's lock must be held, and what was interrupted recovered.

    Raises:
        PolicyError: the profile does not allow it; nothing was signed.
    """
    exists = home.keys.exists(plan.label)
    key = narrowed(home.keys.open(plan.label) if exists else home.keys.create(plan.label, plan.request.key_type))
    crashpoint("ca.key-made")
    signer, issuer, issuer_label = key, tbs.Issuer(public_key=key.public_key()), plan.label
    if plan.parent is not None:
        above = next(authority for authority in home.store.authorities() if authority.label == plan.parent)
        signer, issuer_label = narrowed(home.keys.open(above.key)), above.label
        issuer = tbs.Issuer(public_key=signer.public_key(), certificate=certificate_of(above))
    profile = profile_named(plan.request.profile)
    now = home.clock.now()
    content = tbs.build(
        profile,
        plan.request,
        public_key=key.public_key(),
        issuer=issuer,
        serial=serial_from(home.entropy.bytes(OCTETS)),
        now=now,
    )
    lint.check(content, profile, plan.request, issuer)
    add_intent(home, issuer_label, plan.request, content)
    crashpoint("ca.intent-durable")
    certificate = tbs.sign(content, signer, issuer)
    crashpoint("ca.signed")
    der = certificate.public_bytes(Encoding.DER)
    made = Authority(label=plan.label, parent=plan.parent, certificate=der, key=plan.label)
    with home.store.begin() as transaction:
        transaction.record_issued(issuer_label, certificate.serial_number, der)
        transaction.mark_exported(issuer_label, certificate.serial_number)
        transaction.add_authority(made)
        transaction.audit(
            at=now, actor=home.actor, action="authority-made", subject=plan.label, details=issued_details(certificate)
        )
    crashpoint("ca.recorded")
    return made


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
            details={"issuer": issuer_label, "serial": f"{intent.serial:X}", "tbs_sha256": intent.tbs_sha256},
        )


def issued_details(certificate: x509.Certificate) -> dict[str, str]:
    """What the audit log says of a new certificate."""
    return {
        "serial": f"{certificate.serial_number:X}",
        "issuer": certificate.issuer.rfc4514_string(),
        "subject": certificate.subject.rfc4514_string(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
