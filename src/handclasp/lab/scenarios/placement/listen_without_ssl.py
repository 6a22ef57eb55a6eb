"""`listen` without ssl: a plain port, and all verification is ignored."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _no_ssl() -> Setup:
    made = setup.client(1)
    made.config = made.nginx_conf().replace(" ssl;", ";", 1)
    return made


def _listen_ssl(made: Setup) -> None:
    made.config = None


SCENARIO = Scenario(
    cause="listen-without-ssl",
    broken={"no-ssl": _no_ssl},
    control={"ssl": lambda: setup.client(1)},
    remedies={"listen-ssl": _listen_ssl},
)
