"""The CA was made anew with the same name and another key; nginx still has the old one."""

from handclasp.lab import setup
from handclasp.lab.mint import Blank
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _rekeyed(*, key_ids: bool) -> Setup:
    made = setup.client(0)
    made.advertised = [made.draft.authority(made.root.subject)]
    if not key_ids:
        for blank in (made.leaf, made.root, *made.advertised):
            blank.authority_key = blank.subject_key = None
    return made


def _new_before_old(made: Setup) -> None:
    made.advertised = [made.root, *_old(made)]


def _new_behind_old(made: Setup) -> None:
    made.advertised = [*_old(made), made.root]


def _old(made: Setup) -> list[Blank]:
    return [blank for blank in made.advertised if blank is not made.root]


SCENARIO = Scenario(
    cause="client-ca-rekeyed-same-name",
    broken={"with-key-ids": lambda: _rekeyed(key_ids=True), "without-key-ids": lambda: _rekeyed(key_ids=False)},
    control={"current-ca": lambda: setup.client(0)},
    remedies={"trust-both-cas": _new_before_old},
    dead_ends={"append-new-behind-old": _new_behind_old},
    skip=frozenset({("with-key-ids", "append-new-behind-old")}),
)
