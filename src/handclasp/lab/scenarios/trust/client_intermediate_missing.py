"""nginx trusts the root, the client sends its certificate alone, and the intermediate is nowhere."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _leaf_sent() -> Setup:
    made = setup.client(1)
    changes.send_leaf_alone(made)
    return made


SCENARIO = Scenario(
    cause="client-intermediate-missing",
    broken={"root-trusted-leaf-sent": _leaf_sent},
    control={"chain-sent": lambda: setup.client(1)},
    remedies={"client-sends-chain": changes.send_chain, "add-intermediate-to-file": changes.append_intermediates},
    dead_ends={
        "raise-depth": changes.raise_depth,
        "issue-client-certificate-again": changes.reissue_leaf,
        "put-client-certificate-into-file": changes.append_leaf,
        "optional-no-ca": changes.optional_no_ca,
    },
)
