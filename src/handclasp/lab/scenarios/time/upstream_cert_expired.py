"""The origin's certificate has expired, or is not valid yet."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FAR_FUTURE, FUTURE, LONG_AGO, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _expired() -> Setup:
    made = setup.upstream(1)
    made.leaf.not_after = PAST
    return made


def _future() -> Setup:
    made = setup.upstream(1)
    made.leaf.not_before = FUTURE
    return made


def _renew(made: Setup) -> None:
    made.leaf.not_before, made.leaf.not_after = LONG_AGO, FAR_FUTURE


SCENARIO = Scenario(
    cause="upstream-cert-expired",
    broken={"expired": _expired, "future": _future},
    control={"valid": lambda: setup.upstream(1)},
    remedies={"renew-upstream": _renew},
    dead_ends={"verify-off": changes.verify_off},
)
