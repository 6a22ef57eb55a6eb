"""The client's certificate is not valid yet: a clock or a time zone is wrong."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FUTURE, LONG_AGO
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _future() -> Setup:
    made = setup.client(1)
    made.leaf.not_before = FUTURE
    return made


def _right_clock(made: Setup) -> None:
    made.leaf.not_before = LONG_AGO


SCENARIO = Scenario(
    cause="client-cert-not-yet-valid",
    broken={"future": _future},
    control={"valid": lambda: setup.client(1)},
    remedies={"set-clock": _right_clock},
    dead_ends={"issue-again-on-the-wrong-clock": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
