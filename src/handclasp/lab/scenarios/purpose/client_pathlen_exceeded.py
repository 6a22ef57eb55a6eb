"""A CA may have fewer CAs below it than it has (pathLenConstraint)."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _limited(length: int) -> Setup:
    made = setup.client(1)
    made.root.put("basicConstraints", ext.basic_constraints(ca=True, path_length=length), critical=True)
    return made


def _larger(made: Setup) -> None:
    made.root.put("basicConstraints", ext.basic_constraints(ca=True, path_length=1), critical=True)


SCENARIO = Scenario(
    cause="client-pathlen-exceeded",
    broken={"pathlen-0": lambda: _limited(0)},
    control={"pathlen-1": lambda: _limited(1)},
    remedies={"larger-pathlen": _larger},
    dead_ends={"raise-depth": changes.raise_depth, "optional-no-ca": changes.optional_no_ca},
)
