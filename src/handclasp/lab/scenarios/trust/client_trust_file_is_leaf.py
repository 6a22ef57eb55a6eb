"""The client's own certificate stands where its CA should."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _leaf_as_ca() -> Setup:
    made = setup.client(0)
    made.advertised = [made.leaf]
    return made


def _more_leaves(made: Setup) -> None:
    made.advertised = [*made.advertised, made.draft.end_entity(made.leaf.subject, made.root)]


SCENARIO = Scenario(
    cause="client-trust-file-is-leaf",
    broken={"leaf-as-ca": _leaf_as_ca},
    control={"ca-in-file": lambda: setup.client(0)},
    remedies={"put-issuing-ca": changes.trust_root},
    dead_ends={"add-more-client-certificates": _more_leaves, "raise-depth": changes.raise_depth},
)
