"""A handshake without SNI is judged by the default server; the answer is that of the server in Host, of another CA."""

from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, STRANGER, Setup, pems

_DEFAULT = """\
server {
    listen 127.0.0.1:@PORT@ ssl default_server;
    server_name other.test;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_client_certificate other-ca.pem;
    ssl_verify_client on;
    location / { return 200 "other\\n"; }
}"""


def split() -> Setup:
    """Somebody with a certificate of the default server's CA asks the other server."""
    made = setup.client(1)
    other = made.draft.authority(name(("O", "Lab"), ("CN", "Other CA")))
    intruder = made.draft.end_entity(name(("O", "Lab"), ("CN", "intruder")), other)
    made.http.append(_DEFAULT)
    made.files["other-ca.pem"] = pems([other]).encode()
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems([intruder]), key=intruder.key.pem, sni=None)]
    return made


def _compare(made: Setup) -> None:
    made.server.append("if ($ssl_server_name != $host) {\n    return 421;\n}")


def _compared() -> Setup:
    made = split()
    _compare(made)
    return made


def _nothing(_made: Setup) -> None:
    """Nginx's own 421 is for a name that was sent."""


SCENARIO = Scenario(
    cause="sni-host-split",
    broken={"no-sni-other-ca": split},
    control={"compared": _compared},
    remedies={"compare-sni-and-host": _compare},
    dead_ends={"rely-on-421": _nothing},
)
