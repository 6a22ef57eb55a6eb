"""Delegated OCSP responders (RFC 6960 4.2.2.2): one for each CA, made when missing and renewed long before its end.

The CA key signs a responder's certificate once in weeks; answers are signed with the responder's own key.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.authority import add_intent, certificate_of, issued_details
from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import OCSP
from handclasp.model.issuance import Authority, CertificateState, IssuanceRequest, KeyType
from handclasp.pki import lint, tbs
from handclasp.pki.ocsp_response import Signer
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import narrowed

_RENEW_AT = OCSP.lifetime / 2
"""A responder with less than this ahead of it gets a new certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Who answers for one CA. `signer` None: nobody can, and `why` says what is missing."""

    authority: Authority
    issuer: x509.Certificate
    signer: Signer | None
    why: str = ""

    @property
    def missing(self) -> bool:
        """Whether somebody has to be told: a root's key may well be elsewhere, and few ask about the CAs below it."""
        return self.signer is None and self.authority.parent is not None

    @property
    def until(self) -> datetime | None:
        """When the responder's certificate ends."""
        return self.signer.certificate.not_valid_after_utc if self.signer else None


def responders(home: Home) -> tuple[Responder, ...]:
    """The responder of every CA, made or renewed where that is due and the CA's key is here.

    Raises:
        WorldError: the keys cannot be unlocked, or the disk failed.
    """
    now = home.clock.now()
    if any(_due(home, authority, now) for authority in home.authorities()):
        with home.changing("renewing OCSP responders"):
            recover(home)
            for authority in home.authorities():
                if _due(home, authority, now):
                    _make(home, authority)
    return tuple(_responder(home, authority) for authority in home.authorities())


def responder_key(authority: Authority) -> str:
    """The label of a responder's key in the key store; no CA can have one with a dot in it."""
    return f"{authority.label}.ocsp"


def _due(home: Home, authority: Authority, now: datetime) -> bool:
    if not home.keys.exists(authority.key):
        return False
    found = _newest(home, authority)
    return found is None or not home.keys.exists(responder_key(authority)) or _end(found, authority) - now < _RENEW_AT


def _end(found: x509.Certificate, authority: Authority) -> datetime:
    """When it ends; one that ends with its CA is not renewed, because it cannot live longer."""
    last = certificate_of(authority).not_valid_after_utc
    return found.not_valid_after_utc if found.not_valid_after_utc < last else datetime.max.replace(tzinfo=last.tzinfo)


def _newest(home: Home, authority: Authority) -> x509.Certificate | None:
    records = home.store.certificates(name=_name(authority))
    signed = [
        record.certificate
        for record in records
        if record.profile == OCSP.name and record.issuer == authority.label and record.state is CertificateState.ISSUED
    ]
    return x509.load_der_x509_certificate(signed[-1]) if signed and signed[-1] else None


def _responder(home: Home, authority: Authority) -> Responder:
    issuer = certificate_of(authority)
    found = _newest(home, authority)
    if found is None or not home.keys.exists(responder_key(authority)):
        why = f"the key of the {authority.label} CA is not here, and it has no responder yet"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    if found.not_valid_after_utc <= home.clock.now():
        why = f"the responder of the {authority.label} CA ended on {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    key = narrowed(home.keys.open(responder_key(authority)))
    if key.public_key() != found.public_key():
        why = f"the key of the responder of the {authority.label} CA was exchanged"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    return Responder(authority=authority, issuer=issuer, signer=Signer.of(key, found))


def _make(home: Home, authority: Authority) -> None:
    """As `authority.make_authority`: intent durable, signed, recorded; a key that is there is used again."""
    issuer_certificate = certificate_of(authority)
    request = IssuanceRequest(name=_name(authority), profile=OCSP.name, key_type=_key_type(issuer_certificate))
    label = responder_key(authority)
    stored = home.keys.open(label) if home.keys.exists(label) else home.keys.create(label, request.key_type)
    key, signer = narrowed(stored), narrowed(home.keys.open(authority.key))
    issuer = tbs.Issuer(public_key=signer.public_key(), certificate=issuer_certificate)
    now = home.clock.now()
    serial = serial_from(home.entropy.bytes(OCTETS))
    content = tbs.build(OCSP, request, public_key=key.public_key(), issuer=issuer, serial=serial, now=now)
    lint.check(content, OCSP, request, issuer)
    add_intent(home, authority.label, request, content)
    crashpoint("ocsp.intent-durable")
    certificate = tbs.sign(content, signer, issuer)
    with home.store.begin() as transaction:
        transaction.record_issued(authority.label, serial, certificate.public_bytes(Encoding.DER))
        transaction.mark_exported(authority.label, serial)
        transaction.audit(
            at=now, actor=home.actor, action="responder-made", subject=authority.label, details=issued_details(certificate)
        )
    crashpoint("ocsp.recorded")


def _name(authority: Authority) -> str:
    return f"{authority.label} OCSP responder"


def _key_type(issuer: x509.Certificate) -> KeyType:
    """Of the kind of the CA's key, so that whoever can verify the one can verify the other."""
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return KeyType.RSA_3072
    if isinstance(key, ec.EllipticCurvePublicKey):
        return KeyType.EC_P384 if key.curve.key_size >= 384 else KeyType.EC_P256
    return KeyType.ED25519
