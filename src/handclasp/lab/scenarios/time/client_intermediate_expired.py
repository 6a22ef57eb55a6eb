"""The client sends an intermediate that has expired."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _expired_sub() -> Setup:
    made = setup.client(1)
    made.intermediates[0].not_after = PAST
    return made


def _new_intermediate(made: Setup) -> None:
    renewed = made.intermediates[0].copy()
    renewed.not_after, renewed.serial = FAR_FUTURE, made.draft.new_serial()
    made.chain = [made.leaf, renewed]


SCENARIO = Scenario(
    cause="client-intermediate-expired",
    broken={"client-sends-expired-sub": _expired_sub},
    control={"valid": lambda: setup.client(1)},
    remedies={"new-intermediate": _new_intermediate},
    dead_ends={"renew-client-certificate-only": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
