"""What stands in front sends a PROXY line and nginx does not expect it, or the other way round."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup

_LINE = b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n"


def _port(*, expects: bool, sent: bool) -> Setup:
    made = setup.client(1)
    if expects:
        made.config = made.nginx_conf().replace("@PORT@ ssl;", "@PORT@ ssl proxy_protocol;")
    made.visits = [made.visit(CLIENT, preamble=_LINE if sent else b"")]
    return made


def _both(made: Setup) -> None:
    sound = _port(expects=True, sent=True)
    made.config, made.visits = sound.config, sound.visits


SCENARIO = Scenario(
    cause="proxy-protocol-mismatch",
    broken={
        "sent-but-not-expected": lambda: _port(expects=False, sent=True),
        "expected-but-not-sent": lambda: _port(expects=True, sent=False),
    },
    control={"neither": lambda: _port(expects=False, sent=False), "both": lambda: _port(expects=True, sent=True)},
    remedies={"same-on-both": _both},
    dead_ends={"reissue-client-certificate": changes.reissue_leaf},
    history=True,
)
