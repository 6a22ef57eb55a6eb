"""The issuing CA's keyUsage does not allow it to sign certificates."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _no_cert_sign() -> Setup:
    made = setup.client(0)
    made.root.put("keyUsage", ext.key_usage("cRLSign"), critical=True)
    return made


def _reissue_ca(made: Setup) -> None:
    made.root.put("keyUsage", ext.key_usage("keyCertSign", "cRLSign"), critical=True)


SCENARIO = Scenario(
    cause="client-issuer-lacks-keycertsign",
    broken={"no-keyCertSign": _no_cert_sign},
    control={"keyCertSign": lambda: setup.client(0)},
    remedies={"reissue-ca": _reissue_ca},
    dead_ends={"issue-client-certificate-again": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
