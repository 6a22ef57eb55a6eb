"""Online certificate status (RFC 6960): what is asked, and what is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from handclasp.model.issuance import Reason


class OcspError(IntEnum):
    """OCSPResponseStatus of answers without content (RFC 6960 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


class Status(StrEnum):
    """CertStatus (RFC 6960 4.2.1)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertId:
    """CertID (RFC 6960 4.1.1). `algorithm` is the hash's dotted OID; `encoded` the DER as it was asked, for the answer."""

    algorithm: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    encoded: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """What a client asks. `nonce`: the extension's value as it must be sent back (RFC 9654), or None."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertStatus:
    """What is known of one certificate; time and reason when it is revoked."""

    cert_id: CertId
    status: Status
    revoked_at: datetime | None = None
    reason: Reason | None = None


class OcspAnswer(NamedTuple):
    """One answer as it goes out. `error` None: it is signed, and good from `this_update` until `next_update`.

    `statuses` in the order of the request; `fresh`: only for this client, because it repeats a nonce.
    """

    der: bytes
    statuses: tuple[Status, ...] = ()
    error: OcspError | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    fresh: bool = False
