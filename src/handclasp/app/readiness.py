"""Whether this home can answer for its CAs now, and the figures that a monitoring system watches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handclasp.app.crl import crl_ends
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import Responder
from handclasp.app.register import with_status
from handclasp.catalogue.profiles import OWN_PROFILES

_STATUSES = ("good", "future", "expired", "revoked", "abandoned", "pending")
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
    home.store.version()  # says whether the registry is the one that was opened
    now = home.clock.now()
    faults = [
        f"the CRL of the {label} CA ended on {end:%Y-%m-%d %H:%M} UTC" for label, end in crl_ends(home).items() if end <= now
    ]
    return (*faults, *_silent(responders, now))


def figures(home: Home, responders: Iterable[Responder]) -> Figures:
    """Counted now, by the registry itself."""
    now = home.clock.now()
    wanted = {status: replace(with_status(status, now), not_profiles=OWN_PROFILES) for status in _STATUSES}
    counted = {status: home.store.count(one) for status, one in wanted.items()}
    return Figures(
        certificates={status: number for status, number in counted.items() if number},
        ending={horizon.days: home.store.count(replace(wanted["good"], ending=now + horizon)) for horizon in _HORIZONS},
        crl_until=crl_ends(home),
        responder_until={one.authority.label: one.until for one in responders if one.until},
    )


def _silent(responders: Iterable[Responder], now: datetime) -> Iterator[str]:
    for responder in responders:
        if responder.missing:
            yield responder.why
        elif responder.until and responder.until <= now:
            yield f"the OCSP responder of the {responder.authority.label} CA ended"
