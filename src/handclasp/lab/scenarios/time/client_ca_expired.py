"""The root has expired, and with it every client below it."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _expired_root() -> Setup:
    made = setup.client(1)
    made.root.not_after = PAST
    return made


def _renew_root(made: Setup) -> None:
    """The same name and key, a new validity: the clients keep their certificates."""
    renewed = made.root.copy()
    renewed.not_after, renewed.serial = FAR_FUTURE, made.draft.new_serial()
    made.advertised = [renewed]


SCENARIO = Scenario(
    cause="client-ca-expired",
    broken={"expired-root": _expired_root},
    control={"valid": lambda: setup.client(1)},
    remedies={"renew-root-same-key": _renew_root},
    dead_ends={"issue-client-certificates-again": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
