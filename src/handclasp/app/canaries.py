"""Canaries: clients that were revoked before they were handed out, one for each nginx host and issuing CA.

A revoked client's key is with the client, so no host could knock with it. Its canary's key is its own: nginx refusing that
certificate as revoked is what shows that it reads this CA's CRL.
"""

import hashlib

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.app.apply_state import Gear
from handclasp.app.authority import add_intent, authority_named, issued_details, issuer_of
from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.app.identity_files import issuers_of
from handclasp.app.judged import judge
from handclasp.app.key_reuse import refuse_key
from handclasp.app.profiles import profile_of
from handclasp.app.recover import recover
from handclasp.app.revoke import revoke_records
from handclasp.catalogue.profiles import CANARY
from handclasp.model.errors import Bug, PolicyError, UsageError
from handclasp.model.issuance import Authority, CertificateRecord, IssuanceRequest, Reason
from handclasp.pki import tbs
from handclasp.pki.csr import Wishes
from handclasp.pki.export import pem_of
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import narrowed

_MOST = 20
"""Unexpired canaries of one host and CA: a host that makes keys without end does not fill the CRL."""

_LONGEST = 56  # of a host's name in a canary's: ub-common-name is 64


def canary_cas(home: Home) -> tuple[str, ...]:
    """Labels of the CAs that a host can have canaries of: trusted, below a root, for clients, and the key is here."""
    return tuple(one.label for one in home.authorities() if one.parent is not None and _signs_clients(home, one))


def canary_of(home: Home, gear: Gear, host: str, label: str, wishes: Wishes) -> CertificateRecord:
    """A certificate for a key of this host (one of `hosts`), revoked, and on the CRL that is published when this returns.

    Asked again for the same key, the same certificate is given.

    Raises:
        UsageError: no such CA signs clients here.
        PolicyError: the key is somebody else's, or the host has too many canaries.
        WorldError: as `revoke_records`; nothing is handed out before the CRL says that it is revoked.
    """
    if label not in canary_cas(home):
        raise UsageError(f"there is no CA {label[:40]!r} that signs clients here", hint="handclasp ca list")
    authority = authority_named(home, label)
    home.keys.open(authority.key)  # unlocking takes a while: before the lock
    with home.changing(f"making a canary of {host}"):
        recover(home)
        record = _known(home, host, label, wishes) or _made(home, host, authority, wishes)
    (record,) = revoke_records(home, gear, (record,), reason=Reason.CESSATION_OF_OPERATION).records
    return record


def chain_of(home: Home, record: CertificateRecord) -> bytes:
    """PEM, leaf first, without the root."""
    above = (one.public_bytes(Encoding.DER) for one in issuers_of(home, record.issuer))
    return b"".join(map(pem_of, (record.certificate or b"", *above)))


def _signs_clients(home: Home, authority: Authority) -> bool:
    if not home.keys.exists(authority.key):
        return False
    only = home.purposes(authority.label)
    return not only or any("clientAuth" in profile_of(home, name).extended_key_usage for name in only)


def _known(home: Home, host: str, label: str, wishes: Wishes) -> CertificateRecord | None:
    """The certificate that an earlier question for this key made."""
    spki = wishes.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = (one for one in home.store.with_key(hashlib.sha256(spki).hexdigest()) if one.not_after > home.clock.now())
    return next((one for one in found if (one.name, one.issuer, one.profile) == (_name(host), label, CANARY.name)), None)


def _made(home: Home, host: str, authority: Authority, wishes: Wishes) -> CertificateRecord:
    name, now = _name(host), home.clock.now()
    refuse_key(home, name, wishes.public_key)
    having = [one for one in home.store.certificates(name=name) if one.issuer == authority.label and one.not_after > now]
    if len(having) >= _MOST:
        raise PolicyError(
            f"{host} has {len(having)} canaries of the {authority.label} CA", hint="the agent there loses its notes: look why"
        )
    request = IssuanceRequest(name=name, profile=CANARY.name, key_type=wishes.key_type)
    signer, issuer = narrowed(home.keys.open(authority.key)), issuer_of(home, authority)
    serial = serial_from(home.entropy.bytes(OCTETS))
    content = tbs.build(CANARY, request, public_key=wishes.public_key, issuer=issuer, serial=serial, now=now)
    judge(home, content, CANARY, request, issuer)
    add_intent(home, authority.label, request, content)
    crashpoint("canary.intent-durable")
    certificate = tbs.sign(content, signer, issuer)
    with home.store.begin() as transaction:
        transaction.record_issued(authority.label, serial, certificate.public_bytes(Encoding.DER))
        transaction.mark_exported(authority.label, serial)
        transaction.audit(at=now, actor=home.actor, action="canary-made", subject=host, details=issued_details(certificate))
    crashpoint("canary.recorded")
    record = home.store.find(authority.label, serial)
    if record is None:
        raise Bug("the registry forgot what it just recorded", where=name)
    return record


def _name(host: str) -> str:
    """What the registry calls a host's canaries."""
    return f"{host[:_LONGEST]} canary"
