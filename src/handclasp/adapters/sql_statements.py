"""Statements that every issue and every OCSP answer makes. They are built once: building takes longer than running them."""

from sqlalchemy import String, bindparam, func, insert, select, type_coerce, update

from handclasp.adapters import sql_tables as tables
from handclasp.model.issuance import CertificateState, Reason

EVENTS_AT_ONCE = 1_000

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

_AUTHORITY = tables.authority.c
AUTHORITIES = select(tables.authority).order_by(_AUTHORITY.parent.is_not(None), _AUTHORITY.position)
_IN_ORDER = select(tables.certificate).order_by(_CERTIFICATE.position)
ENTRIES = (
    select(
        _CERTIFICATE.position,
        _CERTIFICATE.issuer,
        _CERTIFICATE.serial,
        _CERTIFICATE.name,
        _CERTIFICATE.state,
        _CERTIFICATE.tbs_sha256,
        type_coerce(_CERTIFICATE.not_before, String),  # as the driver gives them: there may be a million
        type_coerce(_CERTIFICATE.not_after, String),
        type_coerce(_CERTIFICATE.created, String),
        _CERTIFICATE.certificate,
    )
    .where(_CERTIFICATE.position > bindparam("asked_after"))
    .order_by(_CERTIFICATE.position)
    .limit(1_000)
)
LATEST = select(_CERTIFICATE.issuer, _CERTIFICATE.serial).order_by(_CERTIFICATE.position.desc()).limit(1)
OF_NAME = _IN_ORDER.where(_CERTIFICATE.name_key == bindparam("asked_key"), _CERTIFICATE.name == bindparam("asked_name"))
PENDING = _IN_ORDER.where(tables.UNFINISHED, _CERTIFICATE.state == CertificateState.INTENT.value)  # an intent has no files
UNEXPORTED = _IN_ORDER.where(tables.UNFINISHED, _CERTIFICATE.certificate.is_not(None))
_SETTING = tables.setting.c
SETTING = select(_SETTING.value).where(_SETTING.key == bindparam("asked_key"))
SETTINGS = select(tables.setting).where(_SETTING.key >= bindparam("asked_from"), _SETTING.key < bindparam("asked_until"))
_HOLDER = select(_CERTIFICATE.name, _CERTIFICATE.name_key, _CERTIFICATE.state, _CERTIFICATE.not_after).order_by(
    _CERTIFICATE.position
)
HOLDERS = _HOLDER.where(_CERTIFICATE.name_key.in_(bindparam("asked_keys", expanding=True)))
HOLDERS_OF_ONE = _HOLDER.where(_CERTIFICATE.name_key == bindparam("asked_keys"))
WITH_KEY = select(tables.certificate).where(_CERTIFICATE.key_sha256 == bindparam("asked_key")).order_by(_CERTIFICATE.position)
_EVENT = tables.audit_event.c
EVENTS = (
    select(tables.audit_event).where(_EVENT.sequence > bindparam("asked_after")).order_by(_EVENT.sequence).limit(EVENTS_AT_ONCE)
)
ACTIONS = (
    select(_EVENT.sequence, _EVENT.action)
    .where(_EVENT.sequence > bindparam("asked_after"))
    .order_by(_EVENT.sequence)
    .limit(EVENTS_AT_ONCE)
)
LAST_EVENT = select(tables.audit_event).order_by(_EVENT.sequence.desc()).limit(1)
LAST_NUMBER = select(func.coalesce(func.max(_EVENT.sequence), 0).label("number"))
NEWEST_EVENT = select(_EVENT.sequence, _EVENT.digest).order_by(_EVENT.sequence.desc()).limit(1).with_for_update()
ADD_EVENT = insert(tables.audit_event)
ADD_INTENT = insert(tables.certificate)
_THIS = (_CERTIFICATE.issuer == bindparam("of_issuer"), _CERTIFICATE.serial == bindparam("of_serial"))
ATTACH = update(tables.certificate).where(*_THIS).values(certificate=bindparam("der"), key_sha256=bindparam("key_digest"))
ISSUED = (
    update(tables.certificate)
    .where(*_THIS, *(_CERTIFICATE.state != kept.value for kept in (CertificateState.REVOKED, CertificateState.ISSUED)))
    .values(state=CertificateState.ISSUED.value)
)
EXPORTED = update(tables.certificate).where(*_THIS).values(exported=True)
HAND_OVER = (
    update(tables.certificate)
    .where(*_THIS, _CERTIFICATE.state == CertificateState.INTENT.value)
    .values(
        state=CertificateState.ISSUED.value, exported=True, certificate=bindparam("der"), key_sha256=bindparam("key_digest")
    )
)

REVOKE_HELD = (
    update(tables.certificate)
    .where(*_THIS, _CERTIFICATE.reason == Reason.CERTIFICATE_HOLD.value)
    .values(reason=bindparam("new_reason"))
)
REVOKE = (
    update(tables.certificate)
    .where(*_THIS, _CERTIFICATE.state != CertificateState.REVOKED.value)
    .values(state=CertificateState.REVOKED.value, revoked_at=bindparam("moment"), reason=bindparam("new_reason"))
)

REVOCATIONS = (
    select(
        _CERTIFICATE.serial,
        type_coerce(_CERTIFICATE.revoked_at, String),  # as the driver gives it: there may be a million
        _CERTIFICATE.reason,
        type_coerce(_CERTIFICATE.not_after, String),
        _CERTIFICATE.name,
    )
    .where(_CERTIFICATE.issuer == bindparam("asked_issuer"), tables.REVOKED, _CERTIFICATE.serial > bindparam("asked_after"))
    .order_by(_CERTIFICATE.serial)
    .limit(10_000)
)

_CRL, _PART = tables.crl.c, tables.crl_part.c
NEWEST_CRL = select(tables.crl).where(_CRL.issuer == bindparam("asked_issuer")).order_by(_CRL.number.desc()).limit(1)
CRL_COUNTER = select(tables.crl_counter.c.number).where(tables.crl_counter.c.issuer == bindparam("asked_issuer"))
_PARTS = (_PART.issuer == bindparam("asked_issuer"), _PART.number == bindparam("asked_number"))
CRL_PARTS = select(func.count()).select_from(tables.crl_part).where(*_PARTS)
CRL_PART = select(_PART.content).where(*_PARTS, _PART.part == bindparam("asked_part"))
