"""Refuses a public key that belongs to somebody else: to a CA, to another identity, or to whoever stole it.

A CA may have its own key certified again: that is how it gets a longer life, or its certificate back when that was lost.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.app.authority import certificate_of
from handclasp.app.home import Home
from handclasp.app.identity_files import spki
from handclasp.catalogue.profiles import ISSUING, OWN_PROFILES
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import CertificateRecord, CertificateState, Reason
from handclasp.pki.serials import format_serial
from handclasp.pki.weak_keys import weakness

_OWN = "every holder has a key of its own"
_STOLEN = (Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE, Reason.CERTIFICATE_HOLD)


def refuse_key(home: Home, name: str, key: CertificatePublicKeyTypes) -> None:
    """PolicyError when no certificate may be made for this key and this name; nothing when it may.

    Its own key an identity may use again, unless that was stolen.
    """
    refuse_known_key(home, name, key, ca_keys(home))


def ca_keys(home: Home) -> dict[bytes, str]:
    """The keys of this home's CAs (SubjectPublicKeyInfo, DER), with their labels."""
    return {spki(certificate_of(authority)): authority.label for authority in home.authorities()}


def refuse_known_key(home: Home, name: str, key: CertificatePublicKeyTypes, cas: dict[bytes, str]) -> None:
    """As `refuse_key`, with the keys of the CAs at hand."""
    for record in _others(home, name, key, cas):
        serial = format_serial(record.serial)
        if record.profile in OWN_PROFILES:
            raise PolicyError(f"this key was certified as that of a CA (serial {serial})", where=name, hint="make a new key")
        _refuse_stolen(name, record)
        if record.name != name:
            raise _taken(name, record)


def refuse_ca_key(home: Home, name: str, key: CertificatePublicKeyTypes) -> None:
    """PolicyError when no certificate may be made for a CA elsewhere that has this key; nothing when it may."""
    for record in _others(home, name, key, ca_keys(home)):
        _refuse_stolen(name, record)
        if record.profile != ISSUING.name:
            raise _taken(name, record)


def _others(home: Home, name: str, key: CertificatePublicKeyTypes, cas: dict[bytes, str]) -> tuple[CertificateRecord, ...]:
    """The certificates that this key has already. PolicyError when it is weak, or a CA of this home signs with it."""
    if flaw := weakness(key):
        raise PolicyError(f"the key of {name} is weak: {flaw}", hint="make a new key and a new request")
    content = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if content in cas:
        raise PolicyError(f"this is the key of the {cas[content]} CA", where=name, hint=_OWN)
    return tuple(home.store.with_key(hashlib.sha256(content).hexdigest()))


def _refuse_stolen(name: str, record: CertificateRecord) -> None:
    if record.state is CertificateState.REVOKED and record.reason in _STOLEN:
        serial = format_serial(record.serial)
        raise PolicyError(
            f"this key was revoked ({record.reason}) with serial {serial} of {record.name}", where=name, hint="make a new key"
        )


def _taken(name: str, record: CertificateRecord) -> PolicyError:
    return PolicyError(f"this key belongs to {record.name} (serial {format_serial(record.serial)})", where=name, hint=_OWN)
