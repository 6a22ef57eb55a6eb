"""ssl_ciphers leaves only suites for another type of server key."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.model.probe import TlsVersion


def _ciphers(text: str) -> Setup:
    made = setup.client(1)
    made.server.append(f"ssl_ciphers {text};")
    made.visits = [made.visit(CLIENT, tls=TlsVersion.TLS1_2)]
    return made


def _fitting(made: Setup) -> None:
    made.server = ["ssl_ciphers HIGH:!aNULL:!MD5;"]


SCENARIO = Scenario(
    cause="tls-no-shared-cipher",
    broken={"rsa-ciphers-ec-key": lambda: _ciphers("ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384")},
    control={"high": lambda: _ciphers("HIGH:!aNULL:!MD5")},
    remedies={"fitting-ciphers": _fitting},
    dead_ends={"add-intermediate-to-file": changes.append_intermediates},
)
