"""Certificates that Handclasp makes for itself below a CA, with a key of their own: OCSP responders, signers of profiles.

The CA key signs such a certificate once in weeks; what it is for is done with its own key. It is made when missing, and renewed
long before its end.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.authority import add_intent, cas_above, certificate_of, issued_details, organization_of
from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.judged import judge
from handclasp.model.issuance import Authority, CertificateState, IssuanceRequest, KeyType, Profile
from handclasp.pki import tbs
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import SigningKey, narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """One kind of them. `role` is in their names; `suffix` ends the label of their keys, with a dot, which no CA's has."""

    profile: Profile
    role: str
    suffix: str
    action: str

    def name(self, authority: Authority) -> str:
        """What the certificate is called in the registry."""
        return f"{authority.label} {self.role}"

    def key(self, authority: Authority) -> str:
        """The label of its key in the key store."""
        return f"{authority.label}.{self.suffix}"


def due(home: Home, kind: Delegate, authority: Authority, now: datetime) -> bool:
    """Whether this CA's is missing, begins in the future (the clock was ahead) or is in the second half of its life.

    False when the CA's key is not here to make one.
    """
    if not home.keys.exists(authority.key):
        return False
    found = newest(home, kind, authority)
    if found is None or not home.keys.exists(kind.key(authority)):
        return True
    if found.not_valid_before_utc > now:
        return True
    last = certificate_of(authority).not_valid_after_utc
    ends_with_its_ca = found.not_valid_after_utc >= last  # it cannot live longer
    return not ends_with_its_ca and found.not_valid_after_utc - now < kind.profile.lifetime / 2


def newest(home: Home, kind: Delegate, authority: Authority) -> x509.Certificate | None:
    """The newest one of this CA that is not revoked."""
    signed = [
        record.certificate
        for record in home.store.certificates(name=kind.name(authority))
        if record.profile == kind.profile.name and record.issuer == authority.label and record.state is CertificateState.ISSUED
    ]
    return x509.load_der_x509_certificate(signed[-1]) if signed and signed[-1] else None


def make(home: Home, kind: Delegate, authority: Authority, key_type: KeyType) -> None:
    """As `authority.make_authority`: intent durable, signed, recorded; a key that is there is used again."""
    certificate = certificate_of(authority)
    request = IssuanceRequest(
        name=kind.name(authority), profile=kind.profile.name, key_type=key_type, organization=organization_of(certificate)
    )
    label = kind.key(authority)
    stored = home.keys.open(label) if home.keys.exists(label) else home.keys.create(label, request.key_type)
    key, signer = narrowed(stored), narrowed(home.keys.open(authority.key))
    issuer = tbs.Issuer(public_key=signer.public_key(), certificate=certificate, above=cas_above(home, authority))
    now = home.clock.now()
    serial = serial_from(home.entropy.bytes(OCTETS))
    content = tbs.build(kind.profile, request, public_key=key.public_key(), issuer=issuer, serial=serial, now=now)
    judge(home, content, kind.profile, request, issuer)
    add_intent(home, authority.label, request, content)
    crashpoint("delegate.intent-durable")
    signed = tbs.sign(content, signer, issuer)
    with home.store.begin() as transaction:
        transaction.record_issued(authority.label, serial, signed.public_bytes(Encoding.DER))
        transaction.mark_exported(authority.label, serial)
        transaction.audit(at=now, actor=home.actor, action=kind.action, subject=authority.label, details=issued_details(signed))
    crashpoint("delegate.recorded")


def key_of(home: Home, kind: Delegate, authority: Authority) -> SigningKey:
    """Its key, unlocked."""
    return narrowed(home.keys.open(kind.key(authority)))
