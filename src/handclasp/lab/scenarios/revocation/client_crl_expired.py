"""The CRL of one level has passed its nextUpdate: every client below that CA is refused."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _expired(*, of_root: bool) -> Setup:
    made = setup.client(1)
    for crl in made.all_crls():
        if (crl.issuer is made.root) is of_root:
            crl.next_update = PAST.replace(year=2016)
    return made


def _fresh(made: Setup) -> None:
    for crl in made.crls or []:
        crl.next_update = FAR_FUTURE


def _control() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-crl-expired",
    broken={"issuing-crl-expired": lambda: _expired(of_root=False), "root-crl-expired": lambda: _expired(of_root=True)},
    control={"fresh": _control},
    remedies={"publish-fresh-crl": _fresh},
    dead_ends={"issue-client-certificate-again": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
