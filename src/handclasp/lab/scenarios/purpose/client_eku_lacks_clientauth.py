"""The client's extendedKeyUsage does not name clientAuth."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _purpose(*purposes: str) -> Setup:
    made = setup.client(1)
    made.leaf.put("extKeyUsage", ext.extended_key_usage(*purposes))
    return made


def _with_client_auth(made: Setup) -> None:
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth"))


def _any_purpose(made: Setup) -> None:
    made.leaf.put("extKeyUsage", ext.extended_key_usage("anyExtendedKeyUsage"))


def _no_purpose(made: Setup) -> None:
    made.leaf.drop("extKeyUsage")


SCENARIO = Scenario(
    cause="client-eku-lacks-clientauth",
    broken={
        "serverAuth-only": lambda: _purpose("serverAuth"),
        "emailProtection-only": lambda: _purpose("emailProtection"),
        "anyExtendedKeyUsage-only": lambda: _purpose("anyExtendedKeyUsage"),
    },
    control={"clientAuth": lambda: setup.client(1), "both": lambda: _purpose("serverAuth", "clientAuth")},
    remedies={"reissue-with-clientauth": _with_client_auth, "reissue-without-eku": _no_purpose},
    dead_ends={
        "optional-no-ca": changes.optional_no_ca,
        "reissue-with-any-purpose": _any_purpose,
        "add-intermediate-to-file": changes.append_intermediates,
    },
)
