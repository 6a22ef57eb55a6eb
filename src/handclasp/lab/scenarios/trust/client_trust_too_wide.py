"""Trusting the root, which the chain needs, also lets in the clients of every other CA below it."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, STRANGER, Setup, pems


def _sibling() -> Setup:
    made = setup.client(1)
    other = made.draft.authority(name(("O", "Lab"), ("CN", "Lab CA of another team")), made.root)
    bob = made.draft.end_entity(name(("O", "Lab"), ("CN", "bob")), other)
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems([bob, other]), key=bob.key.pem)]
    return made


def _check_issuer(made: Setup) -> None:
    made.server.append('if ($ssl_client_i_dn != "CN=Lab CA 1,O=Lab") {\n    return 403;\n}')


def _dedicated_root() -> Setup:
    made = _sibling()
    made.visits = None
    return made


SCENARIO = Scenario(
    cause="client-trust-too-wide",
    broken={"sibling-ca-client-accepted": _sibling},
    control={"dedicated-root": _dedicated_root},
    remedies={"check-issuer": _check_issuer},
    dead_ends={"depth-as-access-control": changes.depth_as_needed, "leave-the-root-out": changes.only_intermediates},
)
