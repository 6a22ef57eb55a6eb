"""The client's certificate is on its CA's CRL, and nginx has it."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _revoked(reason: int) -> Setup:
    made = setup.client(1)
    for crl in made.all_crls():
        if crl.issuer is made.leaf.issuer:
            crl.revoked.append((made.leaf.serial, reason, ()))
    return made


def _not_revoked() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-cert-revoked",
    broken={"revoked": lambda: _revoked(1), "on-hold": lambda: _revoked(6)},
    control={"not-on-the-list": _not_revoked},
    remedies={"issue-new-certificate": changes.reissue_leaf},
    dead_ends={"optional-no-ca": changes.optional_no_ca, "add-intermediate-to-file": changes.append_intermediates},
)
