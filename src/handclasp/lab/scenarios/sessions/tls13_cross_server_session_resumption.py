"""A session made at one server is taken to another server of the socket, which trusts another CA."""

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup, pems
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import TlsVersion
from handclasp.ports.stage import Performance

_OTHER = """\
server {
    listen 127.0.0.1:@PORT@ ssl;
    server_name other.test;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_client_certificate other-ca.pem;
    ssl_verify_client on;
    if ($ssl_server_name != $host) {
        return 421;
    }
    return 200 "other\\n";
}"""
_SAME_NAME = "if ($ssl_server_name != $host) {\n    return 421;\n}"
_CACHE = ["ssl_protocols TLSv1.2 TLSv1.3;", "ssl_session_cache shared:SSL:1m;"]
_NONE = ["ssl_protocols TLSv1.2 TLSv1.3;", "ssl_session_cache off;", "ssl_session_tickets off;"]


def _across(*settings: str) -> Setup:
    """A client of the other server's CA gets a session there, and takes it to the first."""
    made = setup.client(1)
    other = made.draft.authority(name(("O", "Lab"), ("CN", "Other CA")))
    guest = made.draft.end_entity(name(("O", "Lab"), ("CN", "guest")), other)
    made.http, made.server = [*settings, _OTHER], [_SAME_NAME]
    made.files["other-ca.pem"] = pems([other]).encode()
    own = {"chain": pems([guest]), "key": guest.key.pem, "tls": TlsVersion.TLS1_3}
    home = made.visit("client-at-home", **own, sni="other.test", host="other.test")
    made.visits = [home, made.visit(CLIENT, **own, resume="client-at-home")]
    made.unwelcome = True
    return made


def _no_sessions(made: Setup) -> None:
    made.http[:-1] = _NONE


def _own_caches(made: Setup) -> None:
    """A cache for each server."""
    made.http[1:-1] = []
    made.http[-1] = made.http[-1].replace("ssl_verify_client on;", "ssl_verify_client on;\n    ssl_session_cache shared:B:1m;")
    made.server.append("ssl_session_cache shared:A:1m;")


def _kept_apart(seen: Performance) -> bool:
    """The guest is served at home, and told here that it has no business."""
    if seen.start is not None:
        return False
    return seen.results["client-at-home"].status == 200 and seen.results[CLIENT].status == 400


SCENARIO = Scenario(
    cause="tls13-cross-server-session-resumption",
    broken={"tls13": lambda: _across(*_CACHE)},
    control={"no-sessions": lambda: _across(*_NONE)},
    remedies={"update-for-sessions": _no_sessions},
    dead_ends={"own-caches": _own_caches},
    good=_kept_apart,
    history=True,
    # From 1.29.2 on such a session is left aside, and a full handshake made.
    builds={"tls13": lab_builds(lambda build: build.nginx < NginxVersion(1, 29, 2))},
)
