"""ssl_verify_client optional, and nobody looks at the outcome."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario, refuses_strangers
from handclasp.lab.setup import Setup


def _mode(mode: str) -> Setup:
    made = setup.client(1)
    made.verify = mode
    return made


def _enforce(made: Setup) -> None:
    made.server.append("if ($ssl_client_verify != SUCCESS) {\n    return 403;\n}")


def _no_ca(made: Setup) -> None:
    made.verify = "optional_no_ca"


SCENARIO = Scenario(
    cause="optional-not-enforced",
    broken={
        "no-cert-passes": lambda: _mode("optional"),
        "optional_no_ca-self-signed-passes": lambda: _mode("optional_no_ca"),
    },
    control={"on": lambda: setup.client(1)},
    remedies={"enforce-success": _enforce},
    dead_ends={"optional-no-ca": _no_ca},
    good=refuses_strangers,
)
