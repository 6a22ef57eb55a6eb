"""Two faults of an origin at once: the line shows one, and which one depends on nginx's version."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.draft import HOST
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _faulty(*faults: str) -> Setup:
    made = setup.upstream(1)
    if "ca" in faults:
        made.advertised = [made.stranger_root()]
    if "expired" in faults:
        made.leaf.not_after = PAST
    if "name" in faults:
        made.leaf.put("subjectAltName", ext.general_names(("dns", "elsewhere.test")))
    if "eku" in faults:
        made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    return made


def _everything(made: Setup) -> None:
    changes.trust_root(made)
    _renew(made)
    made.leaf.put("subjectAltName", ext.general_names(("dns", HOST)))
    made.leaf.put("extKeyUsage", ext.extended_key_usage("serverAuth"))


def _renew(made: Setup) -> None:
    made.leaf.not_after = FAR_FUTURE


SCENARIO = Scenario(
    cause="upstream-mask-several-faults",
    broken={
        "wrong-ca+expired": lambda: _faulty("ca", "expired"),
        "expired+wrong-name": lambda: _faulty("expired", "name"),
        "wrong-ca+wrong-name": lambda: _faulty("ca", "name"),
        "bad-eku+expired": lambda: _faulty("eku", "expired"),
    },
    beside={
        "wrong-ca+expired": ("upstream-ca-not-trusted", "upstream-cert-expired"),
        "expired+wrong-name": ("upstream-cert-expired", "upstream-name-mismatch"),
        "wrong-ca+wrong-name": ("upstream-ca-not-trusted", "upstream-name-mismatch"),
        "bad-eku+expired": ("upstream-eku-lacks-serverauth", "upstream-cert-expired"),
    },
    control={"sound": lambda: setup.upstream(1)},
    remedies={"check-everything": _everything},
    dead_ends={"renew-only": _renew, "verify-off": changes.verify_off},
)
