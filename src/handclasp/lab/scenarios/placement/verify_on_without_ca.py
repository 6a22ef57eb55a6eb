"""ssl_verify_client on without any CA: nginx does not start."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _nothing() -> Setup:
    made = setup.client(1)
    made.advertised = []
    return made


SCENARIO = Scenario(
    cause="verify-on-without-ca",
    broken={"nothing": _nothing},
    control={"with-ca": lambda: setup.client(1)},
    remedies={"add-client-ca": changes.trust_root},
    dead_ends={"optional-no-ca": changes.optional_no_ca},
)
