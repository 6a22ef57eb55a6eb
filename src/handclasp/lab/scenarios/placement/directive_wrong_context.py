"""ssl_client_certificate inside a location: nginx does not start."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _in_location(*lines: str) -> Setup:
    made = setup.client(1)
    body = "\n    ".join((*lines, "return 200 admin;"))
    made.server.append(f"location /admin {{\n    {body}\n}}")
    made.verify = None
    return made


def _guard(made: Setup) -> None:
    made.verify = "optional"
    made.server = ["if ($ssl_client_verify != SUCCESS) {\n    return 403;\n}"]


SCENARIO = Scenario(
    cause="directive-wrong-context",
    broken={
        "in-location": lambda: _in_location("ssl_client_certificate client-ca.pem;", "ssl_verify_client on;"),
        "ssl_verify_client-in-location": lambda: _in_location("ssl_verify_client on;"),
    },
    control={"in-server": lambda: setup.client(1)},
    remedies={"optional-and-guard": _guard},
)
