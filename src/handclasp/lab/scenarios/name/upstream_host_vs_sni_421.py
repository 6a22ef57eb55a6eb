"""The origin is an nginx that verifies its clients, and the Host it is told is not the name of the handshake."""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.mint import Blank, name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import NOBODY, Setup, pems
from handclasp.ports.stage import Performance

_ORIGIN = b"""\
worker_processes 1;
error_log logs/error.log info;
events { worker_connections 512; }

http {
    access_log off;
    ssl_certificate origin.pem;
    ssl_certificate_key origin.key;
    ssl_client_certificate front-ca.pem;
    ssl_verify_client on;
    server {
        listen 127.0.0.1:@ORIGIN@ ssl;
        server_name lab.test;
        location / { return 200 "from the origin\\n"; }
    }
    server {
        listen 127.0.0.1:@ORIGIN@ ssl;
        server_name app.test;
        location / { return 200 "from its neighbour\\n"; }
    }
}
"""


def _host(*lines: str) -> Setup:
    made = setup.upstream(1)
    ca = made.draft.authority(name(("O", "Lab"), ("CN", "Front CA")))
    made.origin_files |= {"nginx.conf": _ORIGIN, "front-ca.pem": pems([ca]).encode()}
    made.server = ["proxy_ssl_server_name on;", *lines]
    made.server += ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]
    _show(made, _own(made, ca))
    made.visits = [made.visit(NOBODY)]
    return made


def _own(made: Setup, ca: Blank) -> Blank:
    own = made.draft.end_entity(name(("CN", "front")), ca)
    own.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    return own


def _show(made: Setup, own: Blank) -> None:
    made.files |= {"proxy.pem": pems([own]).encode(), "proxy.key": own.key.pem.encode()}


def _same(made: Setup) -> None:
    made.server = [line for line in made.server if "Host" not in line]
    made.server.append("proxy_set_header Host lab.test;")


def _other_certificate(made: Setup) -> None:
    ca = made.draft.authority(name(("O", "Lab"), ("CN", "Front CA 2")))
    made.origin_files["front-ca.pem"] = pems([ca]).encode()
    _show(made, _own(made, ca))


def _answered(seen: Performance) -> bool:
    return seen.start is None and seen.results[NOBODY].status == 200


SCENARIO = Scenario(
    cause="upstream-host-vs-sni-421",
    broken={"host-differs-from-sni": lambda: _host("proxy_set_header Host $host;"), "host-is-the-address": _host},
    control={"same-name": lambda: _host("proxy_set_header Host lab.test;")},
    remedies={"same-host-and-sni": _same},
    dead_ends={"other-client-certificate": _other_certificate},
    good=_answered,
    history=True,
)
