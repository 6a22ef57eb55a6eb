"""proxy_pass https:// to a port that speaks plain HTTP."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup

_PLAIN = b"""\
worker_processes 1;
error_log logs/error.log info;
events { worker_connections 512; }

http {
    access_log off;
    server {
        listen 127.0.0.1:@ORIGIN@;
        location / { return 200 "plain\\n"; }
    }
}
"""


def _plain() -> Setup:
    made = setup.upstream(1)
    made.origin_files["nginx.conf"] = _PLAIN
    return made


def _right_scheme(made: Setup) -> None:
    made.target = "http://127.0.0.1:@ORIGIN@"


SCENARIO = Scenario(
    cause="upstream-is-plain-http",
    broken={"https-to-http-port": _plain},
    control={"https-to-https-port": lambda: setup.upstream(1)},
    remedies={"right-scheme-or-port": _right_scheme},
    dead_ends={"verify-off": changes.verify_off},
    history=True,
)
