"""Which records a question is about, as conditions of SQL."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import exists, select

from handclasp.adapters import sql_tables as tables
from handclasp.adapters.sql_rows import serial_text
from handclasp.model.issuance import CertificateState, Order, Wanted
from handclasp.pki.names import fold

_CERTIFICATE = tables.certificate.c


def conditions(wanted: Wanted) -> Iterator[Any]:
    """All of them must hold."""
    if wanted.name is not None:
        yield from named(wanted.name)
    if wanted.issuer is not None:
        yield _CERTIFICATE.issuer == wanted.issuer
    yield from _kinds(_CERTIFICATE, _CERTIFICATE.state, wanted)
    if wanted.not_issuers:
        yield _CERTIFICATE.issuer.not_in(wanted.not_issuers)
    until = ((_CERTIFICATE.not_after, wanted.ending), (_CERTIFICATE.not_before, wanted.begun))
    yield from (column <= moment for column, moment in until if moment is not None)
    after = ((_CERTIFICATE.not_after, wanted.lasting), (_CERTIFICATE.not_before, wanted.unbegun))
    yield from (column > moment for column, moment in after if moment is not None)
    if wanted.behind is not None:
        yield _CERTIFICATE.position > _position(*wanted.behind)
    if wanted.upto is not None:
        yield _CERTIFICATE.position <= _position(*wanted.upto)
    if wanted.newest:
        later = tables.certificate.alias().c
        same = (later.name_key == _CERTIFICATE.name_key, later.name == _CERTIFICATE.name)
        yield ~exists().where(*same, later.position > _CERTIFICATE.position, *_kinds(later, later.state, wanted))


def named(name: str) -> tuple[Any, Any]:
    """Records of one identity; the index is of folded names."""
    return _CERTIFICATE.name_key == fold(name), _CERTIFICATE.name == name


def order_of(order: Order) -> tuple[Any, ...]:
    """What is sorted by; in the end by creation."""
    first = {Order.NAME: (_CERTIFICATE.name_key,), Order.END: (_CERTIFICATE.not_after,)}
    return (*first.get(order, ()), _CERTIFICATE.position)


def _position(issuer: str, serial: int) -> Any:
    place = tables.certificate.alias().c
    return select(place.position).where(place.issuer == issuer, place.serial == serial_text(serial)).scalar_subquery()


def _kinds(columns: Any, state: Any, wanted: Wanted) -> Iterator[Any]:
    if wanted.states == (CertificateState.REVOKED,):
        yield state == tables.REVOKED_STATE
    elif wanted.states:
        yield state.in_([one.value for one in wanted.states])
    if wanted.not_profiles:
        yield columns.profile.not_in(wanted.not_profiles)
