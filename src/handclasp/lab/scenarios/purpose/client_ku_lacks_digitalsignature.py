"""The client's keyUsage allows neither signing nor key agreement."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _usage(*usages: str) -> Setup:
    made = setup.client(1)
    made.leaf.put("keyUsage", ext.key_usage(*usages), critical=True)
    return made


def _signing(made: Setup) -> None:
    made.leaf.put("keyUsage", ext.key_usage("digitalSignature", "keyEncipherment"), critical=True)


def _client_auth_again(made: Setup) -> None:
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth", "serverAuth"))


SCENARIO = Scenario(
    cause="client-ku-lacks-digitalsignature",
    broken={"keyEncipherment-only": lambda: _usage("keyEncipherment")},
    control={"digitalSignature": lambda: setup.client(1), "keyAgreement": lambda: _usage("keyAgreement")},
    remedies={"reissue-with-digital-signature": _signing},
    dead_ends={"add-clientauth": _client_auth_again, "optional-no-ca": changes.optional_no_ca},
)
