"""Without proxy_ssl_verify on, any certificate of an origin is good enough."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _default(*, trust: bool) -> Setup:
    made = setup.upstream(1)
    made.verify = None
    if not trust:
        made.advertised = []
    return made


def _verify(made: Setup) -> None:
    changes.trust_root(made)
    made.verify = "on"


SCENARIO = Scenario(
    cause="upstream-verify-off-by-default",
    broken={"default": lambda: _default(trust=False), "trusted-file-without-verify-on": lambda: _default(trust=True)},
    control={"verified": lambda: setup.upstream(1)},
    remedies={"verify-upstream": _verify},
    dead_ends={"trust-file-only": changes.trust_root},
)
