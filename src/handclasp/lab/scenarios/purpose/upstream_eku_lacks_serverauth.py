"""The origin's extendedKeyUsage does not name serverAuth."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _client_auth() -> Setup:
    made = setup.upstream(1)
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    return made


def _server_auth(made: Setup) -> None:
    made.leaf.put("extKeyUsage", ext.extended_key_usage("serverAuth"))


SCENARIO = Scenario(
    cause="upstream-eku-lacks-serverauth",
    broken={"clientAuth-only": _client_auth},
    control={"serverAuth": lambda: setup.upstream(1)},
    remedies={"reissue-upstream": _server_auth},
    dead_ends={"verify-off": changes.verify_off},
)
