"""The protocol versions of client and server do not overlap."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.model.probe import TlsVersion


def _only_13() -> Setup:
    made = setup.client(1)
    made.server.append("ssl_protocols TLSv1.3;")
    made.visits = [made.visit(CLIENT, tls=TlsVersion.TLS1_2)]
    return made


def _common(made: Setup) -> None:
    made.server = ["ssl_protocols TLSv1.2 TLSv1.3;"]


SCENARIO = Scenario(
    cause="tls-version-mismatch",
    broken={"server-1.3-only-client-1.2": _only_13},
    control={"default": lambda: setup.client(1)},
    remedies={"common-version": _common},
    dead_ends={"add-intermediate-to-file": changes.append_intermediates},
)
