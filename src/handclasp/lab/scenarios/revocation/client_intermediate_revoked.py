"""The root's CRL revokes an intermediate: every client below it is refused."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _sub_revoked() -> Setup:
    made = setup.client(1)
    for crl in made.all_crls():
        if crl.issuer is made.root:
            crl.revoked.append((made.intermediates[0].serial, 2, ()))
    return made


def _new_intermediate(made: Setup) -> None:
    fresh = made.draft.authority(name(("O", "Lab"), ("CN", "Lab CA 1 of next year")), made.root)
    for crl in made.crls or []:
        if crl.issuer is made.intermediates[0]:
            crl.issuer = fresh
    made.leaf.issuer = fresh
    made.chain = [made.leaf, fresh]


def _root_crl_removed(made: Setup) -> None:
    made.crls = [crl for crl in made.crls or [] if crl.issuer is not made.root]


def _control() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-intermediate-revoked",
    broken={"sub-revoked": _sub_revoked},
    control={"nothing-revoked": _control},
    remedies={"new-intermediate-and-leaves": _new_intermediate},
    dead_ends={
        "issue-client-certificate-again": changes.reissue_leaf,
        "remove-the-root-s-crl": _root_crl_removed,
        "optional-no-ca": changes.optional_no_ca,
    },
)
