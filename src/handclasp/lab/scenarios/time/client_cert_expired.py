"""The client's certificate has expired."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _expired() -> Setup:
    made = setup.client(1)
    made.leaf.not_after = PAST
    return made


def _renew(made: Setup) -> None:
    made.leaf.not_after = FAR_FUTURE
    made.leaf.serial = made.draft.new_serial()


SCENARIO = Scenario(
    cause="client-cert-expired",
    broken={"expired": _expired},
    control={"valid": lambda: setup.client(1)},
    remedies={"renew-client-certificate": _renew},
    dead_ends={"optional": changes.optional, "optional-no-ca": changes.optional_no_ca, "raise-depth": changes.raise_depth},
)
