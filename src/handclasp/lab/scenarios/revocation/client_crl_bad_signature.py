"""The CRL in nginx's file was signed with another key than the CA's."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _other_key() -> Setup:
    made = setup.client(1)
    for crl in made.all_crls():
        if crl.issuer is made.leaf.issuer:
            crl.signer = made.draft.new_key()
    return made


def _current_key(made: Setup) -> None:
    for crl in made.crls or []:
        crl.signer = None


def _control() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-crl-bad-signature",
    broken={"signed-by-other-key": _other_key},
    control={"signed-by-the-ca": _control},
    remedies={"crl-of-current-key": _current_key},
    dead_ends={"issue-client-certificate-again": changes.reissue_leaf, "optional-no-ca": changes.optional_no_ca},
)
