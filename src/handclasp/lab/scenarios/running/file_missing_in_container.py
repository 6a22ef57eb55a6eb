"""A file that the configuration names is not there: nginx does not start."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _ca_missing() -> Setup:
    made = setup.client(1)
    made.advertised = []
    made.server.append("ssl_client_certificate mounted/client-ca.pem;")
    return made


def _crl_missing() -> Setup:
    made = setup.client(1)
    made.server.append("ssl_crl mounted/ca.crl;")
    return made


def _mount(made: Setup) -> None:
    made.server.clear()
    changes.trust_root(made)


SCENARIO = Scenario(
    cause="file-missing-in-container",
    broken={"dangling-symlink": _ca_missing, "crl-missing": _crl_missing},
    control={"mounted": lambda: setup.client(1)},
    remedies={"mount-target": _mount},
)
