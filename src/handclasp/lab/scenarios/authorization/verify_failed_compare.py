"""A guard that compares $ssl_client_verify with FAILED, which since 1.11.7 is FAILED:reason."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario, refuses_strangers
from handclasp.lab.setup import Setup

_SUCCESS = "if ($ssl_client_verify != SUCCESS) {\n    return 403;\n}"


def _guarded(guard: str) -> Setup:
    made = setup.client(1)
    made.verify = "optional_no_ca"
    made.server.append(guard)
    return made


def _compare_success(made: Setup) -> None:
    made.server = [_SUCCESS]


SCENARIO = Scenario(
    cause="verify-failed-compare",
    broken={"equals-FAILED-lets-mallory-in": lambda: _guarded("if ($ssl_client_verify = FAILED) {\n    return 403;\n}")},
    control={"not-SUCCESS": lambda: _guarded(_SUCCESS)},
    remedies={"compare-success": _compare_success},
    good=refuses_strangers,
)
