"""A certificate with its line ends in a header: what comes after the first line is no header."""

from handclasp.lab import backend
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.ports.stage import Performance

_ANSWER = "cert=$http_x_ssl_client_cert"


def _with(variable: str) -> Setup:
    return backend.behind(f"proxy_set_header X-SSL-Client-Cert {variable};", answer=_ANSWER)


def _escaped(made: Setup) -> None:
    backend.location(made, "proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;")


def _folded(made: Setup) -> None:
    backend.location(made, "proxy_set_header X-SSL-Client-Cert $ssl_client_cert;")


def _whole(seen: Performance) -> bool:
    return seen.start is None and b"END%20CERTIFICATE" in seen.results[CLIENT].body


SCENARIO = Scenario(
    cause="header-raw-cert-newlines",
    broken={
        "ssl_client_raw_cert": lambda: _with("$ssl_client_raw_cert"),
        "ssl_client_cert-deprecated-folded": lambda: _with("$ssl_client_cert"),
    },
    control={"escaped": lambda: _with("$ssl_client_escaped_cert")},
    remedies={"escaped-cert": _escaped},
    dead_ends={"folded-cert": _folded},
    good=_whole,
    skip=frozenset({("ssl_client_cert-deprecated-folded", "folded-cert")}),
    history=True,
)
