"""What a plan means for people: CAs and revocations before and after, and who was let in lately and would now be refused."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from handclasp.app.apply_place import Place, gear_at, remembered
from handclasp.app.apply_state import Gear
from handclasp.app.apply_trust import trust_files
from handclasp.app.home import Home
from handclasp.app.register import may_enter
from handclasp.app.site import SiteOrder, logs_of
from handclasp.app.site_trust import families
from handclasp.model.errors import UsageError
from handclasp.model.issuance import CertificateRecord, CertificateState
from handclasp.model.plan import Plan, WriteFile
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.read import certificates_from_pem, crls_from_pem

DAYS = 30
"""So far back the access logs are looked at."""

_REFUSED = frozenset({400, 403, 421})
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """Who may enter a site: before and after as numbers of identities (None: no such site), and who is gained or lost."""

    site: str
    before: int | None
    after: int | None
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """`entering` says of each site whether everybody of the CA may enter, and who comes on or off the list by name.

    `seen` are clients that were let in during the last DAYS days; `refused` those of them that would now be refused, why.
    """

    authorities: tuple[int, int]
    revoked: tuple[int, int]
    newly_revoked: int
    unrevoked: int
    entering: tuple[Entering, ...]
    seen: int
    refused: tuple[tuple[str, str], ...]


class _Line(msgspec.Struct, frozen=True):
    """The fields of an access log line that matter here."""

    time: datetime
    status: str
    verify: str
    serial: str
    host: str = ""
    upstream: str | None = None

    @property
    def admitted(self) -> bool:
        """Whether the client was let in: in stream{}, to an upstream."""
        return self.verify == "SUCCESS" and (int(self.status) not in _REFUSED if self.upstream is None else bool(self.upstream))


def effect_of(home: Home, gear: Gear, place: Place, plan: Plan, orders: tuple[SiteOrder, ...]) -> Effect:
    """What the plan changes for those who come, told from the files it writes and the logs of the sites that are there."""
    gear = gear_at(gear, place)
    bundle, crl = f"{place.pki}/ca.pem", place.crl
    before, after = _lists(_now(gear, crl)), _lists(_then(gear, plan, crl))
    seen = set(_seen(home, gear, place, orders))

    def revoked(order: SiteOrder) -> frozenset[int]:
        own = order.intent.client_ca is not None
        lists = _lists(_then(gear, plan, trust_files(place, order)[1])) if own else after
        return frozenset(serial for serials in lists.values() for serial in serials)

    refused = dict(_refused(home, seen, orders, revoked))
    gone = {(issuer, serial) for issuer, serials in before.items() for serial in serials}
    come = {(issuer, serial) for issuer, serials in after.items() for serial in serials}
    return Effect(
        authorities=(_count(_now(gear, bundle)), _count(_then(gear, plan, bundle))),
        revoked=(len(gone), len(come)),
        newly_revoked=len(come - gone),
        unrevoked=len(gone - come),
        entering=tuple(_entering(home, remembered(home, place), orders)),
        seen=len({serial for _, serial in seen}),
        refused=tuple(sorted(refused.items())),
    )


def _entering(home: Home, before: tuple[SiteOrder, ...], after: tuple[SiteOrder, ...]) -> Iterator[Entering]:
    """Every site, before and after."""
    living = tuple((record.name, record.issuer) for record in may_enter(home))
    then = {order.intent.server_names[0]: _listed(home, order, living) for order in before}
    there = {order.intent.server_names[0]: _listed(home, order, living) for order in after}
    for site in dict.fromkeys((*then, *there)):
        was, becomes = then.get(site), there.get(site)
        yield Entering(
            site=site,
            before=None if was is None else len(was),
            after=None if becomes is None else len(becomes),
            gained=tuple(sorted((becomes or frozenset()) - (was or frozenset()))),
            lost=tuple(sorted((was or frozenset()) - (becomes or frozenset()))),
        )


def _listed(home: Home, order: SiteOrder, living: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The identities of this home that a site lets in; `living`: name and CA of each good certificate."""
    meant = _meant(home, order)
    names = frozenset(name for name, issuer in living if meant is None or issuer in meant)
    return names if order.intent.listed is None else names & frozenset(order.intent.listed)


def _meant(home: Home, order: SiteOrder) -> frozenset[str] | None:
    """As `families`; a CA that is no longer there has nobody."""
    try:
        return families(home, order.intent.client_ca)
    except UsageError:
        return frozenset()


def _refused(
    home: Home, seen: set[tuple[str, int]], orders: tuple[SiteOrder, ...], revoked: Callable[[SiteOrder], frozenset[int]]
) -> Iterator[tuple[str, str]]:
    """Name and reason of everybody whom the new files keep out of a site where they were let in."""
    records = {record.serial: record for record in home.store.walk()}
    known = {order.intent.server_names[0]: (order, revoked(order)) for order in orders}
    for site, serial in sorted(seen):
        order, gone = known[site]
        record = records.get(serial)
        why = "revoked" if serial in gone else _why(home, order, record)
        if why is not None:
            unknown = record is None or record.state is CertificateState.ABANDONED
            yield f"serial {serial:X}" if record is None or unknown else record.name, why


def _why(home: Home, order: SiteOrder, record: CertificateRecord | None) -> str | None:
    """Why a certificate that no CRL revokes opens this site no more; None: it does, as far as can be told."""
    ca, meant = order.intent.client_ca, _meant(home, order)
    if record is None or record.state is CertificateState.ABANDONED:
        # Whom a CA from elsewhere gave certificates to, nobody here knows.
        return None if ca is not None and ca.file is not None else "not a certificate of this CA"
    if meant is not None and record.issuer not in meant:
        return f"not of the CA of {order.intent.server_names[0]}"
    if record.not_after <= home.clock.now():
        return "expired"
    listed = order.intent.listed
    return None if listed is None or record.name in listed else f"not on the list of {order.intent.server_names[0]}"


def _seen(home: Home, gear: Gear, place: Place, orders: Iterable[SiteOrder]) -> Iterator[tuple[str, int]]:
    """Site and serial of everybody who was let in with a certificate, from the sites' access logs."""
    since = home.clock.now() - timedelta(days=DAYS)
    for order in orders:
        name = order.intent.server_names[0]
        path = logs_of(place.log_folder(order), server_name(name))[1]
        if not gear.files.exists(path):
            continue
        for raw in gear.files.tail(path, _MOST_BYTES).splitlines():
            try:
                line = msgspec.json.decode(raw, type=_Line)
                if line.admitted and line.time >= since:
                    yield name, int(line.serial, 16)
            except ValueError:
                continue  # a line cut in two by the limit, or by a full disk


def _now(gear: Gear, path: str) -> bytes:
    return gear.files.read(path) if gear.files.exists(path) else b""


def _then(gear: Gear, plan: Plan, path: str) -> bytes:
    written = next((one.content for one in plan.files if isinstance(one, WriteFile) and one.path == path), None)
    return _now(gear, path) if written is None else written


def _lists(content: bytes) -> dict[bytes, frozenset[int]]:
    return {one.issuer: frozenset(one.revoked) for one in crls_from_pem(content, where="")}


def _count(content: bytes) -> int:
    return len(certificates_from_pem(content, where=""))
