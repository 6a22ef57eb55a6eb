"""The client's root is not in nginx's file: another CA is."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _leaf_only() -> Setup:
    made = setup.client(0)
    made.advertised = [made.stranger_root()]
    return made


def _leaf_plus_root() -> Setup:
    made = _leaf_only()
    changes.send_root(made)
    return made


SCENARIO = Scenario(
    cause="client-ca-not-trusted",
    broken={"leaf-only-sent": _leaf_only, "leaf-plus-root-sent": _leaf_plus_root},
    control={"right-root": lambda: setup.client(0)},
    remedies={"add-issuing-root": changes.append_root},
    dead_ends={
        "raise-depth": changes.raise_depth,
        "client-sends-root": changes.send_root,
        "optional-no-ca": changes.optional_no_ca,
    },
    skip=frozenset({("leaf-plus-root-sent", "client-sends-root")}),
)
