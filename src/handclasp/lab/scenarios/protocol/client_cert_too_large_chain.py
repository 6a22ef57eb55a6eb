"""The client sends more than 100 kB of certificates: OpenSSL's limit for a handshake message of this kind."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _big(names: int) -> Setup:
    made = setup.client(1)
    listed = [("dns", f"device-{number:05}.of-the-lab.test") for number in range(names)]
    made.leaf.put("subjectAltName", ext.general_names(*listed))
    return made


def _few_names(made: Setup) -> None:
    made.leaf.drop("subjectAltName")


SCENARIO = Scenario(
    cause="client-cert-too-large-chain",
    broken={"chain-over-100k": lambda: _big(4000)},
    control={"chain-below-100k": lambda: _big(400)},
    remedies={"shorten-chain": _few_names},
    dead_ends={"optional-no-ca": changes.optional_no_ca},
)
