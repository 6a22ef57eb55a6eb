"""The line that tells the backend the client's name is gone from the configuration."""

from handclasp.lab import backend
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _set(made: Setup) -> None:
    backend.location(made, backend.DN)


SCENARIO = Scenario(
    cause="header-missing-at-backend",
    broken={"line-gone": backend.behind},
    control={"header-set": lambda: backend.behind(backend.DN)},
    remedies={"set-header-again": _set},
    good=backend.told_truly,
)
