"""Holes by which a TLS session, or a connection that is kept, carries further than what it was granted for."""

from handclasp.lab import setup
from handclasp.lab.hole import before, hole, since
from handclasp.lab.mint import Blank, name
from handclasp.lab.scenarios.sessions.revoked_client_resumes_session import resuming, shut_out
from handclasp.lab.setup import CLIENT, NOBODY, STRANGER, Setup, pems
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import TlsVersion
from handclasp.ports.bench import FOLDER
from handclasp.ports.stage import Performance

_UNFIXED = before(1, 22, 1)
"""The build without the fix of CVE-2025-23419, which Debian has put into the newer ones."""

BY_ITS_OWN_CONTEXT = since(1, 29, 2)
"""Until there, and from the fix on, a handshake that offers another server's session is broken off whatever the session is."""


def taken_across(version: NginxVersion) -> bool:
    """Whether a server takes another's session of TLS 1.3 where both have one certificate and the same names of CAs."""
    return _UNFIXED(version) or BY_ITS_OWN_CONTEXT(version)


_KEEPS_BY_ITSELF = since(1, 29, 7)
"""From here on an upstream{} keeps connections, and the protocol for it is the default."""

_SHARED = ("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_session_cache shared:SSL:1m;")
_GROUP = "upstream backend {{\n    server 127.0.0.1:@ORIGIN@;\n{}}}"
_OTHER = """\
server {{
    listen 127.0.0.1:@PORT@ ssl;
    server_name other.test;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_verify_client on;
    {}
    return 200 "other\\n";
}}"""


def _ticket_key() -> Setup:
    """Tickets whose key is in a file are good after every reload."""
    made = resuming(TlsVersion.TLS1_3, "ssl_session_ticket_key ticket.key;")
    made.files["ticket.key"] = bytes(range(80))
    return made


def _guest_of(made: Setup, other: Blank) -> Setup:
    """A client of the other server's CA gets a session there, and takes it to the first server."""
    guest = made.draft.end_entity(name(("O", "Lab"), ("CN", "guest")), other)
    made.http += [*_SHARED, _OTHER.format("ssl_client_certificate other-ca.pem;")]
    made.files["other-ca.pem"] = pems([other]).encode()
    own = {"chain": pems([guest]), "key": guest.key.pem, "tls": TlsVersion.TLS1_3}
    home = made.visit("client-at-home", **own, sni="other.test", host="other.test")
    made.visits = [home, made.visit(STRANGER, **own, resume="client-at-home"), made.visit(CLIENT)]
    return made


def _of_another_ca() -> Setup:
    made = setup.client(1)
    return _guest_of(made, made.draft.authority(name(("O", "Lab"), ("CN", "Other CA"))))


def _where_no_names_are_said() -> Setup:
    """Both servers name their CAs by ssl_trusted_certificate alone, which is in no session's context."""
    made = _of_another_ca()
    made.advertised, made.trusted = [], made.advertised
    made.http = [line.replace("ssl_client_certificate", "ssl_trusted_certificate") for line in made.http]
    return made


def _of_a_namesake() -> Setup:
    made = setup.client(1)
    return _guest_of(made, made.draft.authority(made.root.subject))


def _guest_stays_out(seen: Performance) -> bool:
    found = seen.results
    at_home = seen.start is None and found["client-at-home"].status == 200
    return at_home and found[STRANGER].status != 200 and found[CLIENT].status == 200


def _too_deep() -> Setup:
    """The servers differ in their depth alone."""
    made = setup.client(2)
    made.depth = 1
    made.unwelcome = True
    made.http += [*_SHARED, _OTHER.format("ssl_client_certificate client-ca.pem;\n    ssl_verify_depth 3;")]
    home = made.visit("client-at-home", sni="other.test", host="other.test", tls=TlsVersion.TLS1_3)
    made.visits = [home, made.visit(CLIENT, tls=TlsVersion.TLS1_3, resume="client-at-home")]
    return made


def served_at_home_alone(seen: Performance) -> bool:
    """The client is served where it may be, and nowhere else."""
    found = seen.results
    return seen.start is None and found["client-at-home"].status == 200 and found[CLIENT].status != 200


def _wrong_upstream() -> Setup:
    """Two locations verify one upstream by different CAs; it is of the first, and must not pass for one of the second."""
    made = setup.upstream(1)
    made.files["other-ca.pem"] = pems([made.stranger_root()]).encode()
    made.http.append(_GROUP.format(""))
    made.target = "https://backend"
    other = "proxy_ssl_trusted_certificate other-ca.pem;"
    made.server.append(f"location /other {{\n    {other}\n    proxy_pass https://backend;\n}}")
    made.visits = [made.visit(NOBODY), made.visit(STRANGER, path="/other")]
    return made


def _pooled(*lines: str) -> Setup:
    """A connection on which nginx showed its certificate is kept, and the next location takes it."""
    made = setup.upstream(1)
    front = made.draft.end_entity(name(("O", "Lab"), ("CN", "front")), made.root)
    made.files |= {"front.pem": pems([front]).encode(), "front.key": front.key.pem.encode()}
    made.http.append(_GROUP.format("    keepalive 4;\n"))
    made.target = "https://backend"
    made.server += ["proxy_ssl_session_reuse off;", *lines]
    shown = "proxy_ssl_certificate front.pem;\n    proxy_ssl_certificate_key front.key;"
    made.server.append(f"location /as-front {{\n    {shown}\n    proxy_pass https://backend;\n}}")
    made.origin += ["ssl_verify_client optional_no_ca;", 'location /who { return 200 "$ssl_client_s_dn\\n"; }']
    made.visits = [made.visit(f"{NOBODY}-before", path="/as-front"), made.visit(NOBODY, path="/who")]
    return made


def _chosen(*lines: str) -> Setup:
    """Which certificate nginx shows to the upstream is chosen by a variable: front's for those who say so, else another."""
    made = setup.upstream(1)
    for who in ("front", "other"):
        pair = made.draft.end_entity(name(("O", "Lab"), ("CN", who)), made.root)
        made.files |= {f"{who}.pem": pems([pair]).encode(), f"{who}.key": pair.key.pem.encode()}
    made.http += [_GROUP.format(""), f"map $arg_as $pair {{\n    default {FOLDER}/other;\n    front {FOLDER}/front;\n}}"]
    made.target = "https://backend"
    made.server += ["proxy_ssl_certificate $pair.pem;", "proxy_ssl_certificate_key $pair.key;", *lines]
    made.origin += ["ssl_verify_client optional_no_ca;", 'return 200 "$ssl_client_s_dn\\n";']
    made.config = "user root;\n" + made.nginx_conf()  # workers read the keys
    made.visits = [made.visit(f"{NOBODY}-before", path="/?as=front"), made.visit(NOBODY)]
    return made


def nobody_in_particular(seen: Performance) -> bool:
    """The upstream answers, and takes nginx for nobody."""
    answer = seen.results.get(NOBODY)
    return seen.start is None and answer is not None and answer.status == 200 and b"CN=front" not in answer.body


_HTTP_1_1 = ("proxy_http_version 1.1;", 'proxy_set_header Connection "";')
"""What keeping connections took before nginx did it by itself."""


_ACROSS, _SHARING = "tls13-cross-server-session-resumption", "upstream-session-reuse-trouble"
SESSIONS = (
    hole(
        "a revoked client, with a ticket whose key is in a file",
        "revoked-client-resumes-session", "ticket-key-file", _ticket_key, shut_out,
    ),
    hole(
        "a client of another server's CA, with a session made there",
        _ACROSS, "other-ca", _of_another_ca, _guest_stays_out, arises=_UNFIXED,
    ),
    hole(
        "a client of another server's CA, with a session made there, where both use ssl_trusted_certificate alone",
        _ACROSS, "trusted-alone", _where_no_names_are_said, _guest_stays_out, arises=BY_ITS_OWN_CONTEXT,
    ),
    hole(
        "a client of another CA of the same name, with a session made where that one is trusted",
        _ACROSS, "namesake", _of_a_namesake, _guest_stays_out, arises=taken_across,
    ),
    hole(
        "a client whose chain is too long, with a session of a server that allows it",
        _ACROSS, "depth", _too_deep, served_at_home_alone, arises=taken_across,
    ),
    hole("an upstream of another CA: two locations share its sessions", _SHARING, "other-ca", _wrong_upstream),
    hole(
        "anybody, as nginx itself to the upstream: two locations share its kept connections",
        _SHARING, "keepalive", lambda: _pooled(*_HTTP_1_1), nobody_in_particular,
    ),
    hole(
        "anybody, as nginx itself to the upstream: two locations share connections that keepalive alone keeps",
        _SHARING, "keepalive-alone", _pooled, nobody_in_particular, arises=_KEEPS_BY_ITSELF,
    ),
    hole(
        "whoever comes next, as the one before to the upstream: a variable names the certificate, and sessions are shared",
        _SHARING, "chosen-sessions", _chosen, nobody_in_particular, arises=since(1, 21, 0),
    ),
    hole(
        "whoever comes next, as the one before to the upstream: a variable names the certificate, and connections are kept",
        _SHARING, "chosen-connections", lambda: _chosen("proxy_ssl_session_reuse off;"), nobody_in_particular,
        arises=_KEEPS_BY_ITSELF,
    ),
)  # fmt: skip
