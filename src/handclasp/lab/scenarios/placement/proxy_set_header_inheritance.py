"""A proxy_set_header in the location takes away those of the server: the client's name is not told, and can be forged."""

from handclasp.lab import backend
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup

_OTHER = "proxy_set_header X-Request-Start $msec;"


def _inherited() -> Setup:
    made = backend.behind()
    made.server.append(backend.DN)
    made.visits = [made.visit("client-before"), made.visit(CLIENT, headers=backend.FORGED)]
    return made


def _dropped() -> Setup:
    made = _inherited()
    backend.location(made, _OTHER)
    return made


def _repeat(made: Setup) -> None:
    backend.location(made, _OTHER, backend.DN)


SCENARIO = Scenario(
    cause="proxy-set-header-inheritance",
    broken={"location-sets-another-header": _dropped},
    control={"location-sets-none": _inherited},
    remedies={"repeat-headers": _repeat},
    good=backend.told_truly,
)
