"""Every server of an upstream fails its handshake; after that nginx says only that none is left."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import NOBODY, Setup


def _group(*, parameters: str = "") -> Setup:
    made = setup.upstream(1)
    made.http = [
        f"upstream backend {{\n    server 127.0.0.1:@ORIGIN@{parameters};\n    server 127.0.0.1:@ORIGIN@{parameters};\n}}"
    ]
    made.target = "https://backend"
    made.visits = [made.visit(f"{NOBODY}-1"), made.visit(f"{NOBODY}-2"), made.visit(NOBODY)]
    return made


def _third_request() -> Setup:
    made = _group()
    made.advertised = [made.stranger_root()]
    return made


def _never_disabled(made: Setup) -> None:
    made.http = _group(parameters=" max_fails=0").http


SCENARIO = Scenario(
    cause="upstream-fails-over-and-hides-cause",
    broken={"third-request": _third_request},
    control={"trusted": _group},
    remedies={"repair-first-cause": changes.trust_root},
    dead_ends={"max-fails-0": _never_disabled},
    history=True,
    beside={"": ("upstream-ca-not-trusted",)},
)
