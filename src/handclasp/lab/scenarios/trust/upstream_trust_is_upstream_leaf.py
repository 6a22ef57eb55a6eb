"""The file for upstreams is the origin's own certificate, or its chain without the root."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _pinned() -> Setup:
    made = setup.upstream(1)
    made.advertised = [made.leaf]
    return made


def _fullchain() -> Setup:
    made = setup.upstream(1)
    made.advertised = list(made.chain)
    return made


SCENARIO = Scenario(
    cause="upstream-trust-is-upstream-leaf",
    broken={"leaf-pinned": _pinned, "fullchain-without-root": _fullchain},
    control={"root": lambda: setup.upstream(1)},
    remedies={"trust-the-root": changes.trust_root},
    dead_ends={"raise-depth": changes.raise_depth, "verify-off": changes.verify_off},
)
