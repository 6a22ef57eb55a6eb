"""proxy_pass http:// to a port that speaks TLS."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _http() -> Setup:
    made = setup.upstream(1)
    made.target = "http://127.0.0.1:@ORIGIN@"
    return made


def _https(made: Setup) -> None:
    made.target = "https://127.0.0.1:@ORIGIN@"


def _more_directives(made: Setup) -> None:
    made.server.append("proxy_ssl_server_name on;")


SCENARIO = Scenario(
    cause="upstream-proxy-pass-http-to-tls",
    broken={"http": _http},
    control={"https": lambda: setup.upstream(1)},
    remedies={"https-scheme": _https},
    dead_ends={"more-proxy-ssl-directives": _more_directives},
    history=True,
)
