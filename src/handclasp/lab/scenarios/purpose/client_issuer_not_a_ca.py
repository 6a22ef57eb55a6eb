"""The certificate that issued the client's is no CA: by basicConstraints, or for want of them."""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _not_ca() -> Setup:
    made = setup.client(1)
    made.intermediates[0].put("basicConstraints", ext.basic_constraints(ca=False), critical=True)
    return made


def _nothing() -> Setup:
    made = setup.client(1)
    made.intermediates[0].drop("basicConstraints")
    made.intermediates[0].drop("keyUsage")
    return made


def _usage_only() -> Setup:
    made = setup.client(1)
    made.intermediates[0].drop("basicConstraints")
    return made


def _reissue(made: Setup) -> None:
    made.intermediates[0].put("basicConstraints", ext.basic_constraints(ca=True), critical=True)
    made.intermediates[0].put("keyUsage", ext.key_usage("keyCertSign", "cRLSign"), critical=True)


def _client_auth(made: Setup) -> None:
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth", "serverAuth"))


SCENARIO = Scenario(
    cause="client-issuer-not-a-ca",
    broken={"sub-CA:FALSE": _not_ca, "sub-no-bc-no-ku": _nothing, "sub-no-bc-but-keyCertSign": _usage_only},
    control={"sub-CA:TRUE": lambda: setup.client(1)},
    remedies={"reissue-ca-as-ca": _reissue},
    dead_ends={"add-clientauth": _client_auth},
)
