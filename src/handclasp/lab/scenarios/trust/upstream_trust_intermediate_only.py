"""The file for upstreams holds the issuing CA but not the root."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _sub_only() -> Setup:
    made = setup.upstream(1)
    changes.only_intermediates(made)
    return made


SCENARIO = Scenario(
    cause="upstream-trust-intermediate-only",
    broken={"sub-only": _sub_only},
    control={"root": lambda: setup.upstream(1)},
    remedies={"append-upstream-root": changes.append_root},
    dead_ends={"raise-depth": changes.raise_depth, "verify-off": changes.verify_off},
)
