"""Holes over QUIC: the same settings judge there, and what guards the TCP port guards nothing of the UDP port beside it."""

from dataclasses import replace

from handclasp.lab import setup
from handclasp.lab.hole import hole, since
from handclasp.lab.holes_sessions import BY_ITS_OWN_CONTEXT, served_at_home_alone
from handclasp.lab.mint import name
from handclasp.lab.scenarios.sessions.revoked_client_resumes_session import resuming, shut_out
from handclasp.lab.setup import CLIENT, STRANGER, Setup, pems
from handclasp.model.probe import TlsVersion
from handclasp.ports.stage import Visit

_OVER_QUIC = since(1, 26, 3)
"""The builds of the lab that have http_v3."""

_LISTEN = "listen 127.0.0.1:@PORT@ quic;"
_GUARD = """\
server {
    listen 127.0.0.1:@PORT@ ssl default_server;
    server_name _;
    ssl_reject_handshake on;
}"""
_OTHER = """\
server {{
    listen 127.0.0.1:@PORT@ quic;
    server_name other.test;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_client_certificate {};
    ssl_verify_client on;
    ssl_verify_depth {};
    location / {{ return 200 "other\\n"; }}
}}"""


def _over_quic(made: Setup) -> Setup:
    """The same visits over QUIC."""
    made.server.append(_LISTEN)
    made.visits = [replace(act, quic=True, tls=None) if isinstance(act, Visit) else act for act in made.visits or ()]
    return made


def _unguarded() -> Setup:
    """Whoever sends no name is turned away over TCP; over QUIC the first server that listens there is the default one."""
    made = setup.client(1)
    other = made.draft.authority(name(("O", "Lab"), ("CN", "Other CA")))
    intruder = made.draft.end_entity(name(("O", "Lab"), ("CN", "intruder")), other)
    made.http += [_GUARD, _OTHER.format("other-ca.pem", 1)]
    made.files["other-ca.pem"] = pems([other]).encode()
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems([intruder]), key=intruder.key.pem, sni=None)]
    return _over_quic(made)


def _revoked() -> Setup:
    return _over_quic(resuming(TlsVersion.TLS1_3, "ssl_session_cache shared:SSL:1m;"))


def _too_deep() -> Setup:
    """The servers differ in their depth alone."""
    made = setup.client(2)
    made.depth = 1
    made.unwelcome = True
    made.http += ["ssl_session_cache shared:SSL:1m;", _OTHER.format("client-ca.pem", 3)]
    home = made.visit("client-at-home", sni="other.test", host="other.test")
    made.visits = [home, made.visit(CLIENT, resume="client-at-home")]
    return _over_quic(made)


QUIC = (
    hole(
        "clients of another server's CA, over QUIC without SNI: the server that rejects such handshakes listens on TCP alone",
        "sni-host-split", "quic-unguarded", _unguarded, arises=_OVER_QUIC,
    ),
    hole(
        "a revoked client, with a session in a shared cache, over QUIC",
        "revoked-client-resumes-session", "quic-shared-cache", _revoked, shut_out, arises=_OVER_QUIC,
    ),
    hole(
        "a client whose chain is too long, over QUIC, with a session of a server that allows it",
        "tls13-cross-server-session-resumption", "quic-depth", _too_deep, served_at_home_alone, arises=BY_ITS_OWN_CONTEXT,
    ),
)  # fmt: skip
