"""Lines that circulate as advice and do not exist in nginx: it does not start."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _with(line: str, *, verify: str | None = "on") -> Setup:
    made = setup.client(1)
    made.verify = verify
    made.server.append(line)
    return made


def _valid(made: Setup) -> None:
    made.verify = "on"
    made.server = []


SCENARIO = Scenario(
    cause="directive-invalid-advice",
    broken={
        "ssl_client_certificate-twice": lambda: _with("ssl_client_certificate client-ca.pem;"),
        "ssl_verify_client-require": lambda: _with("ssl_verify_client require;", verify=None),
        "ssl_verify_client-yes": lambda: _with("ssl_verify_client yes;", verify=None),
        "ssl_client_verify-directive": lambda: _with("ssl_client_verify on;", verify=None),
        "ssl_verify_client-variable": lambda: _with("ssl_verify_client $v;", verify=None),
        "proxy_ssl_client_certificate-does-not-exist": lambda: _with("proxy_ssl_client_certificate client-ca.pem;"),
    },
    control={"valid": lambda: setup.client(1)},
    remedies={"valid-directives": _valid},
)
