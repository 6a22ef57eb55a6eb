"""Something before nginx ends the client's TLS and connects anew, without the client's certificate."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _terminated() -> Setup:
    """What nginx sees: a client without certificate."""
    made = setup.client(1)
    made.chain = []
    return made


def _pass_through(made: Setup) -> None:
    made.chain = list(made.draft.tiers[:-1])


SCENARIO = Scenario(
    cause="tls-terminated-before-nginx",
    broken={"l7-terminating-lb": _terminated},
    control={"passed-through": lambda: setup.client(1)},
    remedies={"pass-through": _pass_through},
    dead_ends={"add-intermediate-to-file": changes.append_intermediates},
)
