"""A CA of the chain may only issue inside a name space, and the client's name is outside."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _constrained(host: str) -> Setup:
    made = setup.client(1)
    made.intermediates[0].put("nameConstraints", ext.name_constraints((("dns", "devices.test"),)), critical=True)
    made.leaf.put("subjectAltName", ext.general_names(("dns", host)))
    return made


def _inside(made: Setup) -> None:
    made.leaf.put("subjectAltName", ext.general_names(("dns", "a1.devices.test")))


SCENARIO = Scenario(
    cause="client-name-constraints",
    broken={"outside": lambda: _constrained("a1.elsewhere.test")},
    control={"inside": lambda: _constrained("a1.devices.test")},
    remedies={"name-inside-the-tree": _inside},
    dead_ends={"raise-depth": changes.raise_depth, "add-intermediate-to-file": changes.append_intermediates},
)
