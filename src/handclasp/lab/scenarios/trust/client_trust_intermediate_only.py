"""nginx's file holds the issuing CA but not the root: nginx has no partial chains."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _leaf_sent() -> Setup:
    made = setup.client(1)
    changes.only_intermediates(made)
    changes.send_leaf_alone(made)
    return made


def _chain_sent() -> Setup:
    made = setup.client(1)
    changes.only_intermediates(made)
    return made


def _root_unadvertised(made: Setup) -> None:
    made.trusted = [made.root]


SCENARIO = Scenario(
    cause="client-trust-intermediate-only",
    broken={"intermediate-only": _leaf_sent, "intermediate-only-chain-sent": _chain_sent},
    control={"root-and-intermediate": lambda: setup.client(1)},
    remedies={"append-root": changes.append_root, "root-in-trusted-certificate": _root_unadvertised},
    dead_ends={
        "client-sends-root": changes.send_root,
        "raise-depth": changes.raise_depth,
        "optional-no-ca": changes.optional_no_ca,
    },
)
