"""The CRL's thisUpdate lies ahead: a clock is wrong."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import FUTURE, RECENT
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _future() -> Setup:
    made = setup.client(1)
    for crl in made.all_crls():
        if crl.issuer is made.leaf.issuer:
            crl.this_update = FUTURE
    return made


def _right_clock(made: Setup) -> None:
    for crl in made.crls or []:
        crl.this_update = RECENT


def _control() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-crl-not-yet-valid",
    broken={"future": _future},
    control={"past": _control},
    remedies={"set-clocks": _right_clock},
    dead_ends={"optional-no-ca": changes.optional_no_ca},
)
