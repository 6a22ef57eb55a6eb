"""An intermediate names purposes, and clientAuth is not among them."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _server_only() -> Setup:
    made = setup.client(1)
    made.intermediates[0].put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    return made


def _replace(made: Setup) -> None:
    made.intermediates[0].put("extKeyUsage", ext.extended_key_usage("serverAuth", "clientAuth"))


SCENARIO = Scenario(
    cause="client-intermediate-eku-lacks-clientauth",
    broken={"sub-serverAuth": _server_only},
    control={"sub-without-eku": lambda: setup.client(1)},
    remedies={"replace-intermediate": _replace},
    dead_ends={
        "issue-client-certificate-again": changes.reissue_leaf,
        "add-intermediate-to-file": changes.append_intermediates,
        "optional-no-ca": changes.optional_no_ca,
    },
)
