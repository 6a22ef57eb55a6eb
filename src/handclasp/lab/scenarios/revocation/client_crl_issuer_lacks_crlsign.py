"""The CA's keyUsage does not allow it to sign CRLs."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _no_crl_sign() -> Setup:
    made = setup.client(1)
    made.intermediates[0].put("keyUsage", ext.key_usage("keyCertSign"), critical=True)
    made.all_crls()
    return made


def _with_crl_sign(made: Setup) -> None:
    made.intermediates[0].put("keyUsage", ext.key_usage("keyCertSign", "cRLSign"), critical=True)


def _control() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-crl-issuer-lacks-crlsign",
    broken={"no-cRLSign": _no_crl_sign},
    control={"cRLSign": _control},
    remedies={"ca-with-crlsign": _with_crl_sign},
    dead_ends={"issue-client-certificate-again": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
