"""ssl_client_certificate names the server's own certificate."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, server_pair


def _server_certificate() -> Setup:
    made = setup.client(0)
    made.files["client-ca.pem"] = server_pair()[0]
    return made


def _use_client_ca(made: Setup) -> None:
    made.files.clear()


SCENARIO = Scenario(
    cause="client-trust-file-is-server-cert",
    broken={"server-cert-as-ca": _server_certificate},
    control={"client-ca": lambda: setup.client(0)},
    remedies={"use-client-ca": _use_client_ca},
    dead_ends={"raise-depth": changes.raise_depth, "client-sends-root": changes.send_root},
)
