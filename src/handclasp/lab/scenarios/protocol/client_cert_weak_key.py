"""An RSA key below 2048 bits, in the leaf or in a CA."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _weak(*, ca: bool) -> Setup:
    made = setup.client(1)
    (made.intermediates[0] if ca else made.leaf).key = made.draft.new_key("rsa1024")
    return made


def _bigger(made: Setup) -> None:
    made.leaf.key, made.intermediates[0].key = made.draft.new_key("rsa2048"), made.draft.new_key("rsa2048")


SCENARIO = Scenario(
    cause="client-cert-weak-key",
    broken={"leaf-rsa1024": lambda: _weak(ca=False), "ca-rsa1024": lambda: _weak(ca=True)},
    control={"strong": lambda: setup.client(1)},
    remedies={"bigger-key": _bigger, "lower-the-security-level": changes.seclevel(1)},
    dead_ends={"add-intermediate-to-file": changes.append_intermediates, "optional-no-ca": changes.optional_no_ca},
)
