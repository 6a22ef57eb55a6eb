"""ssl_client_certificate inside a location: nginx does not start."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _in_location() -> Setup:
    made = setup.client(1)
    lines = "ssl_client_certificate client-ca.pem;\n    ssl_verify_client on;\n    return 200 admin;"
    made.server.append(f"location /admin {{\n    {lines}\n}}")
    made.verify = None
    return made


def _guard(made: Setup) -> None:
    made.verify = "optional"
    made.server = ["if ($ssl_client_verify != SUCCESS) {\n    return 403;\n}"]


SCENARIO = Scenario(
    cause="directive-wrong-context",
    broken={"in-location": _in_location},
    control={"in-server": lambda: setup.client(1)},
    remedies={"optional-and-guard": _guard},
)
