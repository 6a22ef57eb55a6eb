"""The client's certificate has a critical extension that OpenSSL does not know."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _critical() -> Setup:
    made = setup.client(1)
    made.leaf.put("unknown", b"\x05\x00", critical=True)
    return made


def _non_critical(made: Setup) -> None:
    made.leaf.put("unknown", b"\x05\x00")


SCENARIO = Scenario(
    cause="client-unhandled-critical-extension",
    broken={"critical": _critical},
    control={"without": lambda: setup.client(1)},
    remedies={"reissue-non-critical": _non_critical},
    dead_ends={"add-intermediate-to-file": changes.append_intermediates, "optional-no-ca": changes.optional_no_ca},
)
