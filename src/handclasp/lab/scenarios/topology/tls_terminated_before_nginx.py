"""Something before nginx ends the client's TLS and connects anew, without the client's certificate."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, NOBODY, STRANGER, Setup, server_pair

_BALANCER = b"""\
worker_processes 1;
error_log logs/error.log info;
events { worker_connections 512; }

http {
    access_log off;
    server {
        listen 127.0.0.1:@ORIGIN@ ssl;
        server_name app.test;
        ssl_certificate balancer.pem;
        ssl_certificate_key balancer.key;
        location / {
            proxy_pass https://127.0.0.1:@PORT@;
            proxy_set_header Host $host;
            proxy_ssl_server_name on;
            proxy_ssl_name $host;
        }
    }
}
"""


def _terminated() -> Setup:
    """Visitors come to a balancer, which has no certificate of a client's own."""
    made = setup.client(1)
    certificate, key = server_pair()
    made.origin_files = {"nginx.conf": _BALANCER, "balancer.pem": certificate, "balancer.key": key}
    made.visits = [made.visit(who, port="@ORIGIN@") for who in (STRANGER, NOBODY, CLIENT)]
    return made


def _pass_through(made: Setup) -> None:
    """What arrives when the balancer passes TCP on: the client's own handshake."""
    made.origin_files = {}
    made.visits = None


SCENARIO = Scenario(
    cause="tls-terminated-before-nginx",
    broken={"l7-terminating-lb": _terminated},
    control={"passed-through": lambda: setup.client(1)},
    remedies={"pass-through": _pass_through},
    dead_ends={"add-intermediate-to-file": changes.append_intermediates},
    history=True,
)
