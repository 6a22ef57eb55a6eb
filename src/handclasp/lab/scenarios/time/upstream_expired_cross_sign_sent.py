"""The origin sends its root cross-signed by an old root that has expired, and nginx trusts only that old one."""

from handclasp.lab import changes, setup
from handclasp.lab.mint import PAST, name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _old_root_only() -> Setup:
    made = setup.upstream(1)
    made.depth = 2
    old = made.draft.authority(name(("O", "Lab"), ("CN", "Old Root")))
    old.not_after = PAST
    cross = made.root.copy()
    cross.issuer, cross.serial = old, made.draft.new_serial()
    made.chain = [*made.chain, cross]
    made.advertised = [old]
    return made


def _no_cross(made: Setup) -> None:
    made.chain = made.chain[:-1]


def _control() -> Setup:
    made = _old_root_only()
    changes.append_root(made)
    return made


SCENARIO = Scenario(
    cause="upstream-expired-cross-sign-sent",
    broken={"trust-file-only-old-root": _old_root_only},
    control={"both-roots": _control},
    remedies={"trust-new-root": changes.append_root},
    dead_ends={"origin-stops-sending-the-cross-sign": _no_cross, "verify-off": changes.verify_off},
)
