"""The root itself is no CA."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _not_ca() -> Setup:
    made = setup.client(0)
    made.root.put("basicConstraints", ext.basic_constraints(ca=False), critical=True)
    made.root.drop("keyUsage")
    return made


def _nothing() -> Setup:
    made = setup.client(0)
    made.root.drop("basicConstraints")
    made.root.drop("keyUsage")
    return made


def _reissue(made: Setup) -> None:
    made.root.put("basicConstraints", ext.basic_constraints(ca=True), critical=True)
    made.root.put("keyUsage", ext.key_usage("keyCertSign", "cRLSign"), critical=True)


SCENARIO = Scenario(
    cause="client-root-not-a-ca",
    broken={"root-CA:FALSE": _not_ca, "root-v3-no-bc": _nothing},
    control={"root-CA:TRUE": lambda: setup.client(0)},
    remedies={"reissue-root": _reissue},
    dead_ends={"issue-client-certificates-again": changes.reissue_leaf},
)
