"""What optional and optional_no_ca do not forgive."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup


def _faulty(mode: str, fault: str) -> Setup:
    made = setup.client(1)
    made.verify = mode
    if fault == "expired":
        made.leaf.not_after = PAST
    elif fault == "eku":
        made.leaf.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    elif fault == "unknown":
        made = setup.client(0)
        made.verify = mode
        made.advertised = [made.stranger_root()]
    elif fault == "nochain":
        changes.only_intermediates(made)
    made.visits = [made.visit(CLIENT)]
    return made


def _repair(made: Setup) -> None:
    made.leaf.not_after = FAR_FUTURE
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    changes.trust_root(made)
    made.visits = [made.visit(CLIENT)]


_FORMS = (
    ("optional", "expired"), ("optional_no_ca", "expired"), ("optional", "eku"), ("optional_no_ca", "eku"),
    ("optional", "unknown"), ("optional_no_ca", "nochain"),
)  # fmt: skip

SCENARIO = Scenario(
    cause="optional-semantics",
    broken={f"{mode}-{fault}": lambda mode=mode, fault=fault: _faulty(mode, fault) for mode, fault in _FORMS},  # type: ignore[misc]
    control={"sound": lambda: _faulty("optional", "")},
    remedies={"repair-certificate": _repair},
    beside={
        "optional-expired": ("client-cert-expired",),
        "optional_no_ca-expired": ("client-cert-expired",),
        "optional-eku": ("client-eku-lacks-clientauth",),
        "optional_no_ca-eku": ("client-eku-lacks-clientauth",),
        "optional-unknown": ("client-ca-not-trusted",),
        "optional_no_ca-nochain": ("client-trust-intermediate-only",),
    },
    dead_ends={"raise-depth": changes.raise_depth},
)
