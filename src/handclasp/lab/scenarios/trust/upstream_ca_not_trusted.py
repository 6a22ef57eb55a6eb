"""proxy_ssl_trusted_certificate holds another CA than the one above the origin's certificate."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _wrong_ca() -> Setup:
    made = setup.upstream(1)
    made.advertised = [made.stranger_root()]
    return made


def _leaf_only() -> Setup:
    made = setup.upstream(0)
    made.advertised = [made.stranger_root()]
    return made


def _root_too() -> Setup:
    made = _wrong_ca()
    changes.send_root(made)
    return made


def _wrong_directive(made: Setup) -> None:
    made.files["right-ca.pem"] = pems([made.root]).encode()
    made.server.append("ssl_trusted_certificate right-ca.pem;")


SCENARIO = Scenario(
    cause="upstream-ca-not-trusted",
    broken={"chain-sent": _wrong_ca, "leaf-only-sent": _leaf_only, "root-sent-too": _root_too},
    control={"right-root": lambda: setup.upstream(1)},
    remedies={"trust-right-root": changes.trust_root},
    dead_ends={
        "ssl-trusted-certificate": _wrong_directive,
        "raise-depth": changes.raise_depth,
        "verify-off": changes.verify_off,
    },
)
