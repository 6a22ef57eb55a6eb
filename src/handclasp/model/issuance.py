"""Issuing, revoking and what the store remembers of both."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from handclasp.model.certificate import GeneralName, NameConstraints
from handclasp.model.octets import Octets


class KeyType(StrEnum):
    """Key algorithms a person may ask for."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ED25519 = "ed25519"


class Reason(StrEnum):
    """CRLReason (RFC 5280 5.3.1) that a person may give."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a certificate may be (catalogue/profiles.py). A profile decides every extension."""

    name: str
    ca: bool
    path_len_constraint: int | None
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    lifetime: timedelta
    max_lifetime: timedelta
    san_kinds: tuple[str, ...]
    san_required: bool
    key_types: tuple[KeyType, ...]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaLimits:
    """What one CA may do, within its profile. `path_length` None: as the profile says.

    `extended_key_usage`: only certificates with these are good below it (empty: any). `names`: RFC 5280 4.2.1.10.
    """

    path_length: int | None = None
    extended_key_usage: tuple[str, ...] = ()
    names: NameConstraints | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where what belongs to a CA can be fetched (RFC 5280 4.2.1.13, 4.2.2.1): CRL, OCSP responder, CA certificate."""

    crl: str | None = None
    ocsp: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuanceRequest:
    """What a person asked for; the profile decides the rest. `limits` are of CAs alone."""

    name: str
    profile: str
    subject_alt_names: tuple[GeneralName, ...] = ()
    key_type: KeyType = KeyType.EC_P256
    lifetime: timedelta | None = None
    organization: str | None = None
    limits: CaLimits | None = None


class CertificateState(StrEnum):
    """The life of a row: intent is durable before the key is used; abandoned intents stay revocable."""

    INTENT = "intent"
    ISSUED = "issued"
    ABANDONED = "abandoned"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One CA of the home. `label` is root, issuing ...; `parent` is None for a root. `key` names it in the key store."""

    label: str
    parent: str | None
    certificate: bytes
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Durable before the signature (invariant I2): everything needed to revoke what may come of it."""

    serial: int
    issuer: str
    profile: str
    name: str
    tbs_sha256: str
    not_before: datetime
    not_after: datetime
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRecord:
    """One row: an intent and what became of it. `certificate` is DER, None until signed."""

    serial: int
    issuer: str
    profile: str
    name: str
    state: CertificateState
    not_before: datetime
    not_after: datetime
    certificate: bytes | None = None
    revoked_at: datetime | None = None
    reason: Reason | None = None


class Revocation(NamedTuple):
    """What a CRL must know of a revoked certificate."""

    serial: int
    revoked_at: datetime
    reason: Reason | None
    not_after: datetime
    name: str


class Entry(NamedTuple):
    """A record with what the audit log knows of it, and its place in the order in which records were made."""

    position: int
    issuer: str
    serial: int
    name: str
    state: CertificateState
    tbs_sha256: str
    not_before: datetime
    not_after: datetime
    created: datetime
    certificate: bytes | None

    @property
    def state_possible(self) -> bool:
        """Whether the state goes with having a certificate, or none; an abandoned intent may be revoked too."""
        signed = self.state in {CertificateState.ISSUED, CertificateState.REVOKED}
        return self.state is CertificateState.REVOKED or signed == (self.certificate is not None)


class KeptCrl(NamedTuple):
    """A CRL that was published. `content` is its DER."""

    number: int
    this_update: datetime
    next_update: datetime
    content: Octets


class Standing(NamedTuple):
    """A record without its certificate: a million of them pass through in seconds. `signed`: whether there is one."""

    serial: int
    issuer: str
    profile: str
    name: str
    state: CertificateState
    not_before: datetime
    not_after: datetime
    signed: bool
    revoked_at: datetime | None
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records: all that hold. `ending` and `lasting`: they end until then, or after it; `begun`, `unbegun`: likewise.

    `behind`: made after the record of this issuer and serial; `upto`: not after that one. `newest`: none of that name, state
    and profile is later.
    """

    name: str | None = None
    issuer: str | None = None
    states: tuple[CertificateState, ...] = ()
    not_profiles: tuple[str, ...] = ()
    not_issuers: tuple[str, ...] = ()
    ending: datetime | None = None
    lasting: datetime | None = None
    begun: datetime | None = None
    unbegun: datetime | None = None
    behind: tuple[str, int] | None = None
    upto: tuple[str, int] | None = None
    newest: bool = False


class Order(StrEnum):
    """In which order."""

    CREATED = "created"
    NAME = "name"
    END = "end"


EVERY = Wanted()
"""All records."""


class Holder(NamedTuple):
    """Who holds a name, or one that looks like it: a record without its certificate. `name_key` is the folded name."""

    name: str
    name_key: str
    state: CertificateState
    not_after: datetime


class NewEvent(NamedTuple):
    """An event before it has its place in the audit log."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line of the append-only, hash-chained log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, str]
    previous: str
    digest: str
