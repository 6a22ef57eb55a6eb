"""Rows of the registry and the values they stand for."""

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Row

from handclasp.adapters import sql_tables as tables
from handclasp.model.issuance import AuditEvent, CertificateRecord, CertificateState, Entry, Intent, Reason, Standing
from handclasp.pki.names import fold


def key_digest(certificate: bytes) -> str | None:
    """SHA-256 of the key that a certificate (DER) certifies, in hex; None when it has none that can be read (old imports)."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def intent_row(intent: Intent) -> dict[str, Any]:
    """A new row."""
    return {
        "issuer": intent.issuer,
        "serial": serial_text(intent.serial),
        "profile": intent.profile,
        "name": intent.name,
        "name_key": fold(intent.name),
        "state": CertificateState.INTENT.value,
        "tbs_sha256": intent.tbs_sha256,
        "not_before": intent.not_before,
        "not_after": intent.not_after,
        "created": intent.created,
        "exported": False,
    }


def serial_text(serial: int) -> str:
    """A serial as the registry keeps it."""
    return f"{serial:0{tables.SERIAL_DIGITS}X}"


def moment_of(kept: str | datetime) -> datetime:
    """A time as the driver gives it: SQLite's is text, in UTC."""
    return kept.astimezone(UTC) if isinstance(kept, datetime) else _moment(kept)


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def record_of(row: Row[Any]) -> CertificateRecord:
    """The record of a row."""
    return CertificateRecord(
        serial=int(row.serial, 16),
        issuer=row.issuer,
        profile=row.profile,
        name=row.name,
        state=CertificateState(row.state),
        not_before=row.not_before,
        not_after=row.not_after,
        certificate=row.certificate,
        revoked_at=row.revoked_at,
        reason=Reason(row.reason) if row.reason else None,
    )


def entry_of(row: Row[Any]) -> Entry:
    """The entry of a row of sql_statements.ENTRIES. ValueError: SQLite keeps bytes and numbers in columns of text too."""
    position, issuer, serial, name, state, digest, not_before, not_after, created, certificate = tuple(row)
    if not isinstance(certificate, bytes | None) or not all(isinstance(one, str) for one in (issuer, serial, name, digest)):
        raise ValueError(f"record {position} holds what is no text")
    dates = moment_of(not_before), moment_of(not_after), moment_of(created)
    return Entry(position, issuer, int(serial, 16), name, CertificateState(state), digest, *dates, certificate)


def standing_of(row: Row[Any]) -> Standing:
    """The standing of a row that begins with sql_statements.STANDING."""
    serial, issuer, profile, name, state, not_before, not_after, signed, revoked_at, reason = tuple(row)[:10]
    return Standing(
        serial=int(serial, 16),
        issuer=issuer,
        profile=profile,
        name=name,
        state=CertificateState(state),
        not_before=not_before,
        not_after=not_after,
        signed=bool(signed),
        revoked_at=revoked_at,
        reason=Reason(reason) if reason else None,
    )


def event_of(row: Row[Any]) -> AuditEvent:
    """The audit event of a row."""
    return AuditEvent(
        sequence=row.sequence,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        details=json.loads(row.details),
        previous=row.previous,
        digest=row.digest,
    )
