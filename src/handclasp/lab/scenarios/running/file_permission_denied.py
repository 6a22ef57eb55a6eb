"""nginx runs as somebody who may not read a file that the configuration names: it does not start."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _as_nobody(*closed: str) -> Setup:
    made = setup.client(1)
    made.unprivileged, made.closed = True, closed
    return made


def _with_list() -> Setup:
    made = _as_nobody("ca.crl")
    made.all_crls()
    return made


def _readable(made: Setup) -> None:
    made.closed = ()


SCENARIO = Scenario(
    cause="file-permission-denied",
    broken={"0600-root": lambda: _as_nobody("client-ca.pem"), "crl-0600-root": _with_list},
    control={"readable": _as_nobody},
    remedies={"readable-for-start-user": _readable},
    dead_ends={"append-ca": changes.append_intermediates},
)
