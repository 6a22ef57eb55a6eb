"""proxy_ssl_verify on without proxy_ssl_trusted_certificate: nginx does not start."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _missing() -> Setup:
    made = setup.upstream(1)
    made.advertised = []
    return made


SCENARIO = Scenario(
    cause="upstream-verify-without-trust-file",
    broken={"missing": _missing},
    control={"with-file": lambda: setup.upstream(1)},
    remedies={"add-trust-file": changes.trust_root},
    dead_ends={"verify-off": changes.verify_off},
)
