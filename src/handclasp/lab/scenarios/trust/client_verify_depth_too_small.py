"""The chain has more intermediates than ssl_verify_depth allows; its default is 1."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _in_file(intermediates: int, depth: int | None) -> Setup:
    made = setup.client(intermediates)
    changes.append_intermediates(made)
    changes.send_leaf_alone(made)
    made.depth = depth
    return made


SCENARIO = Scenario(
    cause="client-verify-depth-too-small",
    broken={
        "two-intermediates-default-depth": lambda: _in_file(2, None),
        "three-intermediates-depth-2": lambda: _in_file(3, 2),
        "two-intermediates-sent-by-client": lambda: setup.client(2),
    },
    control={"one-intermediate-default-depth": lambda: setup.client(1), "depth-2": lambda: _in_file(2, 2)},
    remedies={"raise-verify-depth": changes.depth_as_needed},
    dead_ends={
        "add-cas-again": changes.append_intermediates,
        "client-sends-root": changes.send_root,
        "optional-no-ca": changes.optional_no_ca,
    },
)
