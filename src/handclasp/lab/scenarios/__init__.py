"""The scenarios: one module a cause, grouped as the catalogue groups them. The module's docstring says what is shown."""

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from handclasp.lab.scenario import Scenario, Variant
from handclasp.model.errors import UsageError
from handclasp.model.near import did_you_mean

_SEE = "handclasp lab list   shows the scenarios"


@cache
def scenarios() -> dict[str, Scenario]:
    """All scenarios by cause, sorted."""
    found: dict[str, Scenario] = {}
    for module in walk_packages(__path__, f"{__name__}."):
        if not module.ispkg:
            scenario: Scenario = import_module(module.name).SCENARIO
            found[scenario.cause] = scenario
    return dict(sorted(found.items()))


def selected(causes: tuple[str, ...]) -> tuple[Scenario, ...]:
    """The scenarios of these causes; none given: all. Raises UsageError for a cause without one."""
    found = scenarios()
    for cause in causes:
        if cause not in found:
            raise UsageError(f"there is no scenario of {cause}", hint=did_you_mean(cause, found, _SEE))
    return tuple(found[cause] for cause in causes) or tuple(found.values())


def variant_named(text: str, change: str | None = None) -> Variant:
    """The variant called "cause/form", or "cause" for its first form. Raises UsageError when there is none."""
    cause, _, form = text.partition("/")
    (scenario,) = selected((cause,))
    wanted = form or next(iter(scenario.broken))
    for variant in scenario.variants():
        if variant.form == wanted and variant.change == change:
            return variant
    raise UsageError(f"{cause} has no form {wanted}" + (f" with {change}" if change else ""), hint=_SEE)
