"""A map on $ssl_client_serial in another form than upper-case hexadecimal without separators."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup

_SERIAL = 0x0A0B0C


def _map(pattern: str) -> Setup:
    made = setup.client(1)
    made.leaf.serial = _SERIAL
    made.http.append(f'map $ssl_client_serial $known_client {{\n    default 0;\n    "{pattern}" 1;\n}}')
    made.server.append("if ($known_client = 0) {\n    return 403;\n}")
    return made


def _hexadecimal(made: Setup) -> None:
    made.http = _map("0A0B0C").http


SCENARIO = Scenario(
    cause="authz-serial-format",
    broken={"decimal": lambda: _map(str(_SERIAL)), "with-0x-or-colons": lambda: _map("0A:0B:0C")},
    control={"hexadecimal": lambda: _map("0A0B0C")},
    remedies={"hex-serial": _hexadecimal},
)
