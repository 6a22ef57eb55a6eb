"""Statements that every issue and every OCSP answer makes. They are built once: building takes longer than running them."""

from sqlalchemy import bindparam, insert, select, update

from handclasp.adapters import sql_tables as tables
from handclasp.model.issuance import CertificateState

_CERTIFICATE = tables.certificate.c
STANDING = (
    _CERTIFICATE.serial,
    _CERTIFICATE.issuer,
    _CERTIFICATE.profile,
    _CERTIFICATE.name,
    _CERTIFICATE.state,
    _CERTIFICATE.not_before,
    _CERTIFICATE.not_after,
    _CERTIFICATE.certificate.is_not(None).label("signed"),
    _CERTIFICATE.revoked_at,
    _CERTIFICATE.reason,
)
ONE = select(tables.certificate).where(
    _CERTIFICATE.issuer == bindparam("asked_issuer"), _CERTIFICATE.serial == bindparam("asked_serial")
)

_HOLDER = select(_CERTIFICATE.name, _CERTIFICATE.name_key, _CERTIFICATE.state, _CERTIFICATE.not_after).order_by(
    _CERTIFICATE.position
)
HOLDERS = _HOLDER.where(_CERTIFICATE.name_key.in_(bindparam("asked_keys", expanding=True)))
HOLDERS_OF_ONE = _HOLDER.where(_CERTIFICATE.name_key == bindparam("asked_keys"))
WITH_KEY = select(tables.certificate).where(_CERTIFICATE.key_sha256 == bindparam("asked_key")).order_by(_CERTIFICATE.position)
_EVENT = tables.audit_event.c
NEWEST_EVENT = select(_EVENT.sequence, _EVENT.digest).order_by(_EVENT.sequence.desc()).limit(1).with_for_update()
ADD_EVENT = insert(tables.audit_event)
ADD_INTENT = insert(tables.certificate)
HAND_OVER = (
    update(tables.certificate)
    .where(
        _CERTIFICATE.issuer == bindparam("of_issuer"),
        _CERTIFICATE.serial == bindparam("of_serial"),
        _CERTIFICATE.state == CertificateState.INTENT.value,
    )
    .values(
        state=CertificateState.ISSUED.value, exported=True, certificate=bindparam("der"), key_sha256=bindparam("key_digest")
    )
)
