"""A bundle of CAs that a careless `cat` or an editor damaged."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _bundle(join: str) -> Setup:
    made = setup.client(1)
    first, second = pems([made.stranger_root()]), pems([made.root])
    if join == "no-newline":
        made.files["client-ca.pem"] = (first.rstrip("\n") + second).encode()
    else:
        made.files["client-ca.pem"] = (first + second.replace("MII", "MI*", 1)).encode()
    return made


def _clean(made: Setup) -> None:
    made.files.clear()


def _same_again(made: Setup) -> None:
    made.files["client-ca.pem"] += pems([made.root]).encode()


SCENARIO = Scenario(
    cause="ca-bundle-silently-partial",
    broken={"no-newline-between": lambda: _bundle("no-newline"), "second-block-damaged": lambda: _bundle("damaged")},
    control={"clean": lambda: setup.client(1)},
    remedies={"clean-bundle": _clean},
    dead_ends={"add-the-same-ca-again": _same_again},
)
