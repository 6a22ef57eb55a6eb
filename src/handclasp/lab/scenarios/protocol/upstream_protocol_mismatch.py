"""The origin speaks TLS 1.3 only, which proxy_ssl_protocols had not by default before nginx 1.23.4."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _only_13() -> Setup:
    made = setup.upstream(1)
    made.origin.append("ssl_protocols TLSv1.3;")
    return made


def _set_protocols(made: Setup) -> None:
    made.server.append("proxy_ssl_protocols TLSv1.2 TLSv1.3;")


SCENARIO = Scenario(
    cause="upstream-protocol-mismatch",
    broken={"tls13-only-upstream-default-proxy": _only_13},
    control={"common": lambda: setup.upstream(1)},
    remedies={"set-proxy-protocols": _set_protocols},
    dead_ends={"raise-depth": changes.raise_depth, "verify-off": changes.verify_off},
    builds={"tls13-only-upstream-default-proxy": ("1.18/1.1.1", "1.22/3.0")},
    history=True,
)
