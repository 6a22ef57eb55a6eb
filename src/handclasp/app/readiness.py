"""Whether this home can answer for its CAs now, and the figures that a monitoring system watches."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.app.crl import published_crls
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import Responder
from handclasp.app.register import status_of
from handclasp.catalogue.profiles import OWN_PROFILES

_HORIZONS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`certificates` by status; `ending`: good ones that end within so many days; times are ends, by the label of the CA."""

    certificates: dict[str, int]
    ending: dict[int, int]
    crl_until: dict[str, datetime]
    responder_until: dict[str, datetime]


def unready(home: Home, responders: Iterable[Responder]) -> tuple[str, ...]:
    """Why answers cannot be trusted to work now, in words; empty when all is well.

    Raises:
        WorldError: the registry cannot be read.
    """
    now = home.clock.now()
    faults = [
        f"the CRL of the {crl.authority} CA ended on {crl.next_update:%Y-%m-%d %H:%M} UTC"
        for crl in published_crls(home)
        if crl.next_update <= now
    ]
    return (*faults, *_silent(responders, now))


def figures(home: Home, responders: Iterable[Responder]) -> Figures:
    """Counted now; reads the whole register."""
    now = home.clock.now()
    records = [record for record in home.store.certificates() if record.profile not in OWN_PROFILES]
    ends = [record.not_after - now for record in records if status_of(record, now) == "good"]
    return Figures(
        certificates=dict(Counter(status_of(record, now) for record in records)),
        ending={horizon.days: sum(end <= horizon for end in ends) for horizon in _HORIZONS},
        crl_until={crl.authority: crl.next_update for crl in published_crls(home)},
        responder_until={one.authority.label: one.until for one in responders if one.until},
    )


def _silent(responders: Iterable[Responder], now: datetime) -> Iterator[str]:
    for responder in responders:
        if responder.missing:
            yield responder.why
        elif responder.until and responder.until <= now:
            yield f"the OCSP responder of the {responder.authority.label} CA ended"
