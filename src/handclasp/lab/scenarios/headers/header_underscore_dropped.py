"""A header name with underscores, which the next nginx throws away."""

from handclasp.lab import backend
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.ports.stage import Performance

_ANSWER = "verify=$http_x_ssl_verify"


def _named(header: str) -> Setup:
    return backend.behind(f"proxy_set_header {header} $ssl_client_verify;", answer=_ANSWER)


def _hyphens(made: Setup) -> None:
    backend.location(made, "proxy_set_header X-SSL-Verify $ssl_client_verify;")


def _told(seen: Performance) -> bool:
    return seen.start is None and seen.results[CLIENT].body == b"verify=SUCCESS\n"


SCENARIO = Scenario(
    cause="header-underscore-dropped",
    broken={"X_SSL_VERIFY": lambda: _named("X_SSL_VERIFY")},
    control={"hyphens": lambda: _named("X-SSL-Verify")},
    remedies={"use-hyphens": _hyphens},
    good=_told,
)
