"""proxy_ssl_crl lacks a level, has expired, or lists the origin."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import PAST, BlankCrl
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _missing() -> Setup:
    made = setup.upstream(1)
    made.crls = [BlankCrl(issuer=made.leaf.parent)]
    return made


def _expired() -> Setup:
    made = setup.upstream(1)
    for crl in made.all_crls():
        crl.next_update = PAST.replace(year=2016)
    return made


def _revoked() -> Setup:
    made = setup.upstream(1)
    for crl in made.all_crls():
        if crl.issuer is made.leaf.issuer:
            crl.revoked.append((made.leaf.serial, 1, ()))
    return made


def _complete(made: Setup) -> None:
    """Fresh lists of every CA, and a new certificate where the old one was revoked."""
    changes.reissue_leaf(made)
    made.crls = [BlankCrl(issuer=tier) for tier in made.draft.tiers[1:]]


def _control() -> Setup:
    made = setup.upstream(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="upstream-crl",
    broken={"missing": _missing, "expired": _expired, "revoked": _revoked},
    control={"complete-and-fresh": _control},
    remedies={"complete-upstream-crls": _complete},
    dead_ends={"verify-off": changes.verify_off, "raise-depth": changes.raise_depth},
)
