"""A load balancer looks whether the protected host is alive, and has no certificate."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import NOBODY, Setup
from handclasp.ports.stage import Performance

_PATH = "/healthz"
_SERVER = """\
server {
    listen 127.0.0.1:@PORT2@;
    location = /healthz { return 200 "alive\\n"; }
    location / { return 404; }
}"""


def _probed() -> Setup:
    made = setup.client(1)
    made.visits = [made.visit("nobody-elsewhere"), made.visit(NOBODY, path=_PATH)]
    return made


def _own_port(made: Setup) -> None:
    made.http.append(_SERVER)
    elsewhere = made.visit("nobody-elsewhere", path="/private", port="@PORT2@", plain=True)
    made.visits = [made.visit("nobody-at-the-host"), elsewhere, made.visit(NOBODY, path=_PATH, port="@PORT2@", plain=True)]


def _control() -> Setup:
    made = _probed()
    _own_port(made)
    return made


def _alive(seen: Performance) -> bool:
    """The health check is answered, and nothing else is without a certificate."""
    if seen.start is not None:
        return False
    others = [result.status for visitor, result in seen.results.items() if visitor != NOBODY]
    return seen.results[NOBODY].status == 200 and 200 not in others


SCENARIO = Scenario(
    cause="health-check-has-no-cert",
    broken={"probe-https": _probed},
    control={"own-port": _control},
    remedies={"separate-health-port": _own_port},
    dead_ends={"verify-off": changes.verify_off},
    good=_alive,
    history=True,
)
