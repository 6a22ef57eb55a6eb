"""A CRL is set, but not every CA of the chain has one in the file; nginx asks for all."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import BlankCrl
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _only(*, of_root: bool) -> Setup:
    made = setup.client(1)
    made.crls = [crl for crl in made.draft.with_crls() if (crl.issuer is made.root) is of_root]
    return made


def _other_ca() -> Setup:
    made = setup.client(1)
    made.crls = [BlankCrl(issuer=made.stranger_root())]
    return made


def _all(made: Setup) -> None:
    made.crls = [BlankCrl(issuer=tier) for tier in made.draft.tiers[1:]]


def _only_issuing(made: Setup) -> None:
    made.crls = [BlankCrl(issuer=made.leaf.parent)]


def _control() -> Setup:
    made = setup.client(1)
    _all(made)
    return made


SCENARIO = Scenario(
    cause="client-crl-missing-for-a-level",
    broken={
        "only-issuing-ca-crl": lambda: _only(of_root=False),
        "only-root-crl": lambda: _only(of_root=True),
        "crl-of-other-ca": _other_ca,
    },
    control={"crl-of-every-ca": _control},
    remedies={"concatenate-all-crls": _all},
    dead_ends={
        "only-the-issuing-ca-s-crl": _only_issuing,
        "raise-depth": changes.raise_depth,
        "optional-no-ca": changes.optional_no_ca,
    },
)
