"""The scenarios: one module a cause, grouped as the catalogue groups them. The module's docstring says what is shown."""

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from handclasp.lab.scenario import Scenario


@cache
def scenarios() -> dict[str, Scenario]:
    """All scenarios by cause, sorted."""
    found: dict[str, Scenario] = {}
    for module in walk_packages(__path__, f"{__name__}."):
        if not module.ispkg:
            scenario: Scenario = import_module(module.name).SCENARIO
            found[scenario.cause] = scenario
    return dict(sorted(found.items()))
