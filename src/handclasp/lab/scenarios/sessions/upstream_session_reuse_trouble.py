"""Two locations share an upstream's TLS sessions: one made without a CA file is resumed, and judged, where there is one."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import NOBODY, Setup

_GROUP = "upstream backend {\n    server 127.0.0.1:@ORIGIN@;\n}"
_UNVERIFIED = "location /assets {\n    proxy_ssl_verify off;\n    proxy_pass https://backend;\n}"


def _shared(tls: str, *, reuse: bool = True) -> Setup:
    made = setup.upstream(1)
    made.http = [_GROUP]
    made.target = "https://backend"
    made.origin.append("ssl_protocols TLSv1.2 TLSv1.3;")
    made.server = [f"proxy_ssl_protocols {tls};", _UNVERIFIED, *([] if reuse else ["proxy_ssl_session_reuse off;"])]
    made.visits = [made.visit(f"{NOBODY}-before", path="/assets"), made.visit(NOBODY)]
    return made


def _no_reuse(made: Setup) -> None:
    made.server.append("proxy_ssl_session_reuse off;")


SCENARIO = Scenario(
    cause="upstream-session-reuse-trouble",
    broken={"tls12": lambda: _shared("TLSv1.2"), "tls13": lambda: _shared("TLSv1.3")},
    control={"no-reuse": lambda: _shared("TLSv1.3", reuse=False)},
    remedies={"no-reuse": _no_reuse},
    history=True,
)
