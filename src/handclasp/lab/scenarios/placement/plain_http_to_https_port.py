"""http:// to a port that speaks TLS."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, NOBODY, Setup
from handclasp.ports.stage import Performance


def _plain() -> Setup:
    made = setup.client(1)
    made.visits = [made.visit(NOBODY, plain=True)]
    return made


def _https() -> Setup:
    made = setup.client(1)
    made.visits = [made.visit(CLIENT)]
    return made


def _sent_on(made: Setup) -> None:
    made.server.append("error_page 497 =301 https://$host:$server_port$request_uri;")


def _no_ssl(made: Setup) -> None:
    made.config = made.nginx_conf().replace(" ssl;", ";", 1)


def _to_tls(seen: Performance) -> bool:
    """Sent on to https, or there already; never served in clear."""
    if seen.start is not None:
        return False
    (result,) = seen.results.values()
    return result.status == 301 or (result.status == 200 and result.tls is not None)


SCENARIO = Scenario(
    cause="plain-http-to-https-port",
    broken={"http-scheme": _plain},
    control={"https-scheme": _https},
    remedies={"use-https": _sent_on},
    dead_ends={"listen-without-ssl": _no_ssl},
    good=_to_tls,
    history=True,
)
