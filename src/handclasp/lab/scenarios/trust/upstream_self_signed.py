"""The origin's certificate is its own issuer and not in nginx's file."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _self_signed() -> Setup:
    made = setup.upstream(0)
    made.leaf.issuer = None
    return made


def _trust_it(made: Setup) -> None:
    made.advertised = [made.leaf]


SCENARIO = Scenario(
    cause="upstream-self-signed",
    broken={"not-in-trust-file": _self_signed},
    control={"issued-by-ca": lambda: setup.upstream(0)},
    remedies={"trust-this-certificate": _trust_it},
    dead_ends={"verify-off": changes.verify_off, "raise-depth": changes.raise_depth},
)
