"""The issuer that the certificate names and the subject of the CA look alike, but are not the same name."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup

_LONGER = name(("O", "Lab"), ("OU", "Clients"), ("CN", "Lab Root"))


def _extra_rdn() -> Setup:
    made = setup.client(0)
    made.leaf.issuer_name = _LONGER
    return made


def _exact_ca(made: Setup) -> None:
    exact = made.root.copy()
    exact.subject = _LONGER
    made.advertised = [exact]


SCENARIO = Scenario(
    cause="client-dn-string-type-mismatch",
    broken={"extra-rdn": _extra_rdn},
    control={"same-name": lambda: setup.client(0)},
    remedies={"use-exact-ca": _exact_ca},
    dead_ends={"raise-depth": changes.raise_depth},
)
