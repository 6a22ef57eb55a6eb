"""The upstream breaks the connection off during the handshake and does not say why."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup

_LISTEN = b"listen 127.0.0.1:@ORIGIN@ ssl"


def _expecting(*, line: bool) -> Setup:
    """An origin behind a balancer that waits for a PROXY line and hangs up on whoever sends none."""
    made = setup.upstream(1)
    conf = made.play(impostor=False).origin["nginx.conf"]
    if line:
        made.origin_files["nginx.conf"] = conf.replace(_LISTEN, _LISTEN + b" proxy_protocol", 1)
    return made


def _expected_no_more(made: Setup) -> None:
    made.origin_files.clear()


SCENARIO = Scenario(
    cause="upstream-peer-resets",
    broken={"closed-in-handshake": lambda: _expecting(line=True)},
    control={"shakes-hands": lambda: _expecting(line=False)},
    remedies={"capture": _expected_no_more},
    dead_ends={"append-ca": changes.append_intermediates},
    history=True,
)
