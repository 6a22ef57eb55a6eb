"""Delegated OCSP responders (RFC 6960 4.2.2.2): one for each CA, made when missing and renewed long before its end.

The CA key signs a responder's certificate once in weeks; answers are signed with the responder's own key.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from handclasp.app.authority import certificate_of
from handclasp.app.delegates import Delegate, due, key_of, make, newest
from handclasp.app.home import Home
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import OCSP
from handclasp.model.issuance import Authority, KeyType
from handclasp.pki.ocsp_response import Signer

RESPONDERS = Delegate(profile=OCSP, role="OCSP responder", suffix="ocsp", action="responder-made")


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
    if any(due(home, RESPONDERS, authority, now) for authority in home.authorities()):
        with home.changing("renewing OCSP responders"):
            recover(home)
            for authority in home.authorities():
                if due(home, RESPONDERS, authority, now):
                    make(home, RESPONDERS, authority, _key_type(certificate_of(authority)))
    return tuple(_responder(home, authority) for authority in home.authorities())


def responder_key(authority: Authority) -> str:
    """The label of a responder's key in the key store."""
    return RESPONDERS.key(authority)


def _responder(home: Home, authority: Authority) -> Responder:
    issuer = certificate_of(authority)
    found = newest(home, RESPONDERS, authority)
    if found is None or not home.keys.exists(responder_key(authority)):
        why = f"the key of the {authority.label} CA is not here, and it has no responder yet"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    now = home.clock.now()
    if found.not_valid_before_utc > now:
        why = f"the responder of the {authority.label} CA begins on {found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    if found.not_valid_after_utc <= now:
        why = f"the responder of the {authority.label} CA ended on {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    key = key_of(home, RESPONDERS, authority)
    if key.public_key() != found.public_key():
        why = f"the key of the responder of the {authority.label} CA was exchanged"
        return Responder(authority=authority, issuer=issuer, signer=None, why=why)
    return Responder(authority=authority, issuer=issuer, signer=Signer.of(key, found))


def _key_type(issuer: x509.Certificate) -> KeyType:
    """Of the kind of the CA's key, so that whoever can verify the one can verify the other."""
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return KeyType.RSA_3072
    if isinstance(key, ec.EllipticCurvePublicKey):
        return KeyType.EC_P384 if key.curve.key_size >= 384 else KeyType.EC_P256
    return KeyType.ED25519
