"""The client sends a whole chain, but its root is not in nginx's file."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _chain() -> Setup:
    made = setup.client(1)
    made.advertised = [made.stranger_root()]
    return made


def _chain_and_root() -> Setup:
    made = _chain()
    changes.send_root(made)
    return made


SCENARIO = Scenario(
    cause="client-chain-untrusted-root",
    broken={"leaf+sub-sent": _chain, "leaf+sub+root-sent": _chain_and_root},
    control={"right-root": lambda: setup.client(1)},
    remedies={"add-root": changes.append_root},
    dead_ends={"raise-depth": changes.raise_depth, "optional-no-ca": changes.optional_no_ca},
)
