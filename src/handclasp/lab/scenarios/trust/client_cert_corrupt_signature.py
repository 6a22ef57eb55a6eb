"""Names and key identifiers match, but another key signed: a CA that was re-keyed and kept its identifier."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _same_identifier() -> Setup:
    made = setup.client(0)
    old = made.draft.authority(made.root.subject)
    old.subject_key = made.root.key.identifier
    made.advertised = [old]
    return made


def _use_signing_ca(made: Setup) -> None:
    made.advertised = [made.root]


def _trust_more(made: Setup) -> None:
    made.advertised = [*made.advertised, made.stranger_root()]


SCENARIO = Scenario(
    cause="client-cert-corrupt-signature",
    broken={"same-name-same-keyid-other-key": _same_identifier},
    control={"signing-ca": lambda: setup.client(0)},
    remedies={"use-signing-ca": _use_signing_ca},
    dead_ends={"trust-more-cas": _trust_more},
)
