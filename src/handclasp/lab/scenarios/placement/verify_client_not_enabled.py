"""ssl_client_certificate without ssl_verify_client, or a server-level off below an on."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario, refuses_strangers
from handclasp.lab.setup import Setup


def _absent() -> Setup:
    made = setup.client(1)
    made.verify = None
    return made


def _off_below_on() -> Setup:
    made = setup.client(1)
    made.http.append("ssl_verify_client on;")
    made.verify = "off"
    return made


def _on(made: Setup) -> None:
    made.verify = "on"


def _more_cas(made: Setup) -> None:
    made.advertised = [*made.advertised, *made.intermediates]


SCENARIO = Scenario(
    cause="verify-client-not-enabled",
    broken={"absent-client-without-cert": _absent, "http-on-server-off": _off_below_on},
    control={"on": lambda: setup.client(1)},
    remedies={"switch-on": _on},
    dead_ends={"add-cas": _more_cas},
    good=refuses_strangers,
)
