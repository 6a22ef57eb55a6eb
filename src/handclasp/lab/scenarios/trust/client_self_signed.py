"""The client's certificate is its own issuer and stands in no file of nginx."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _self_signed() -> Setup:
    made = setup.client(0)
    made.leaf.issuer = None
    return made


def _issue_from_ca(made: Setup) -> None:
    made.leaf.issuer = made.root


SCENARIO = Scenario(
    cause="client-self-signed",
    broken={"self-signed": _self_signed},
    control={"issued-by-ca": lambda: setup.client(0)},
    remedies={"issue-from-ca": _issue_from_ca, "pin-this-certificate": changes.append_leaf},
    dead_ends={"optional-no-ca": changes.optional_no_ca},
)
