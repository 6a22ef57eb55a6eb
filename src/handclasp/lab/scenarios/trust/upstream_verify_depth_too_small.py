"""The origin's chain has more intermediates than proxy_ssl_verify_depth allows; its default is 1."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _all_trusted() -> Setup:
    made = setup.upstream(2)
    changes.append_intermediates(made)
    changes.send_leaf_alone(made)
    return made


def _client_depth(made: Setup) -> None:
    made.server.append("ssl_verify_depth 10;")


SCENARIO = Scenario(
    cause="upstream-verify-depth-too-small",
    broken={"root-trusted": lambda: setup.upstream(2), "all-cas-trusted": _all_trusted},
    control={"one-intermediate-default-depth": lambda: setup.upstream(1)},
    remedies={"raise-proxy-verify-depth": changes.depth_as_needed},
    dead_ends={
        "add-cas": changes.append_intermediates,
        "raise-ssl-verify-depth": _client_depth,
        "verify-off": changes.verify_off,
    },
)
