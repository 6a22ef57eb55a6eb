"""A certificate of the chain was signed with SHA-1 or MD5."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _signed(digest: str, *, intermediate: bool = False) -> Setup:
    made = setup.client(1)
    made.root.key, made.intermediates[0].key = made.draft.new_key("rsa2048"), made.draft.new_key("rsa2048")
    (made.intermediates[0] if intermediate else made.leaf).digest = digest
    return made


def _reissue(made: Setup) -> None:
    made.leaf.digest = made.intermediates[0].digest = "sha256"


def _protocols(made: Setup) -> None:
    made.server.append("ssl_protocols TLSv1.2;")


SCENARIO = Scenario(
    cause="client-cert-weak-signature",
    broken={
        "sha1": lambda: _signed("sha1"),
        "sha1-on-intermediate": lambda: _signed("sha1", intermediate=True),
        "md5": lambda: _signed("md5"),
    },
    control={"sha256": lambda: _signed("sha256")},
    remedies={"reissue-sha256": _reissue},
    dead_ends={"change-ssl-protocols": _protocols, "optional-no-ca": changes.optional_no_ca},
)
