"""A client that sends its certificate only where the server names its issuer, as Java, browsers and GnuTLS do."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup


def _leaf_only(*, picky: bool) -> Setup:
    """The store holds the leaf alone, and nginx names the root: nothing fits."""
    made = setup.client(1)
    made.chain = [made.leaf]
    return _asked(made, picky=picky)


def _asked(made: Setup, *, picky: bool = True) -> Setup:
    made.visits = [made.visit(CLIENT, picky=picky)]
    return made


def _whole() -> Setup:
    return _asked(setup.client(1))


def _complete_store(made: Setup) -> None:
    made.chain = list(made.draft.tiers[:-1])
    made.visits = [made.visit(CLIENT, picky=True)]


def _trusted_file(made: Setup) -> None:
    made.trusted = list(made.intermediates)


SCENARIO = Scenario(
    cause="client-filtered-by-ca-list",
    broken={
        "java-leaf-only-server-advertises-root": lambda: _leaf_only(picky=True),
        "curl-same-setup-gets-a-different-error": lambda: _leaf_only(picky=False),
    },
    control={"whole-chain": _whole},
    remedies={"complete-client-store": _complete_store},
    dead_ends={"trusted-certificate": _trusted_file},
    skip=frozenset({("curl-same-setup-gets-a-different-error", "trusted-certificate")}),
    look_alikes=frozenset({"curl-same-setup-gets-a-different-error"}),
    history=True,
)
