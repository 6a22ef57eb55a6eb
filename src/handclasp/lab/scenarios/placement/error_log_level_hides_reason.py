"""nginx refuses a client and logs nothing: the reason is written at level info only."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup
from handclasp.ports.stage import Performance


def _at(level: str | None) -> Setup:
    made = setup.client(1)
    made.leaf.not_after = PAST
    made.level = level
    return made


def _info(made: Setup) -> None:
    made.level = "info"


def _reason_is_told(seen: Performance) -> bool:
    return "client SSL certificate verify error: (10:" in seen.log


SCENARIO = Scenario(
    cause="error-log-level-hides-reason",
    broken={
        "no-level": lambda: _at(None),
        "level-error": lambda: _at("error"),
        "level-warn": lambda: _at("warn"),
        "level-notice": lambda: _at("notice"),
    },
    control={"level-info": lambda: _at("info")},
    remedies={"log-at-info": _info},
    dead_ends={"raise-depth": changes.raise_depth},
    good=_reason_is_told,
    beside={"": ("client-cert-expired",)},
)
