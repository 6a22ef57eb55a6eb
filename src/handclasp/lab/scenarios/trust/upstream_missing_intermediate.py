"""The origin sends its certificate alone, and nginx's file holds only the root."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _leaf_only() -> Setup:
    made = setup.upstream(1)
    changes.send_leaf_alone(made)
    return made


SCENARIO = Scenario(
    cause="upstream-missing-intermediate",
    broken={"leaf-only": _leaf_only},
    control={"fullchain": lambda: setup.upstream(1)},
    remedies={"upstream-sends-fullchain": changes.send_chain, "add-intermediate-to-trust": changes.append_intermediates},
    dead_ends={
        "raise-depth": changes.raise_depth,
        "replace-root-by-intermediate": changes.only_intermediates,
        "verify-off": changes.verify_off,
    },
)
