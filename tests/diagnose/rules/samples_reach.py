"""How nginx reaches its upstream: verified or not, over TLS or not, with a name or without, with whose sessions."""

from handclasp.lab import extensions as ext
from handclasp.lab.mint import PAST, name
from handclasp.model.verdict import Side
from tests.diagnose.rules.samples_upstream import VERIFIED, alert
from tests.diagnose.rules.workshop import TLS, Sample, Workshop
from tests.diagnose.scenes import blank_pem

UP = Side.UPSTREAM
_TO = "proxy_pass https://127.0.0.1:9443;"
_SILENT = VERIFIED.replace("server_name on", "server_name off")
_SHOWS = "proxy_ssl_certificate server.pem; proxy_ssl_certificate_key server.key;"
_DIFFERS = (
    '2026/11/20 10:00:00 [error] 7#7: *1 upstream SSL certificate does not match "lab.test" while SSL handshaking to upstream,'
    ' client: 192.0.2.7, server: site.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:9443/", host: "site.test"'
)
_STALE = (
    "2026/11/20 10:00:00 [error] 7#7: *1 upstream SSL certificate verify error: (20:unable to get local issuer certificate)"
    ' while SSL handshaking to upstream, client: 192.0.2.7, server: site.test, request: "GET / HTTP/1.1"'
)
_WRONG_VERSION = (
    "2026/11/20 10:00:00 [error] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number)"
    ' while SSL handshaking to upstream, client: 192.0.2.7, server: site.test, upstream: "https://127.0.0.1:9443/"'
)


def _server(shop: Workshop, *locations: str, http: str = "") -> Workshop:
    inside = "\n        ".join(locations)
    return shop.http(f"{http}    server {{ {TLS}\n        {inside}\n    }}\n")


def _passing(shop: Workshop, lines: str, http: str = "") -> Workshop:
    return _server(shop, f"location / {{ {lines} }}", http=http)


def unverified(shop: Workshop) -> Workshop:
    return _passing(shop, _TO)


def unverified_known(shop: Workshop) -> Workshop:
    """The root is at hand, in no file that nginx names; the chain needs more than the default depth; the name is an address."""
    return _passing(shop, _TO).sends()


def unverified_unknown(shop: Workshop) -> Workshop:
    made = _passing(shop, _TO).sends()
    (shop.folder / "ca.pem").unlink()
    return made


def trusted_in_vain(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} proxy_ssl_trusted_certificate ca.pem;").sends()


def verified(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} {VERIFIED}").sends()


def plain_to_tls(shop: Workshop) -> Workshop:
    return _passing(shop, f"proxy_pass http://127.0.0.1:9443; {VERIFIED}")


def plain_to_shown(shop: Workshop) -> Workshop:
    return _passing(shop, "proxy_pass http://10.0.0.9:8443;").sends()


def plain_answered(shop: Workshop) -> Workshop:
    return _passing(shop, "proxy_pass http://10.0.0.9:8443;").say(answer="400 The plain HTTP request was sent to HTTPS port")


def plain_to_443(shop: Workshop) -> Workshop:
    return _passing(shop, "proxy_pass http://backend;", "    upstream backend { server 10.0.0.9:443; }\n")


def tls_to_plain(shop: Workshop) -> Workshop:
    backend = '    server { listen 127.0.0.1:9000; return 200 "plain\\n"; }\n'
    return _passing(shop, f"proxy_pass https://127.0.0.1:9000; {VERIFIED}", backend).sends()


def tls_to_80(shop: Workshop) -> Workshop:
    """No port in an upstream{} is port 80, https or not."""
    return _passing(shop, f"proxy_pass https://backend; {VERIFIED}", "    upstream backend { server 10.0.0.9; }\n")


def tls_to_plain_logged(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} {VERIFIED}").say(lines=(_WRONG_VERSION,)).sends()


def tls_to_own_443(shop: Workshop) -> Workshop:
    """Another machine at a port where this one listens without TLS."""
    other = '    server { listen 8080; return 200 "plain\\n"; }\n'
    return _passing(shop, f"proxy_pass https://10.0.0.9:8080; {VERIFIED}", other).sends()


def plain_to_plain(shop: Workshop) -> Workshop:
    return _passing(shop, "proxy_pass http://127.0.0.1:9000;")


def no_sni(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} {_SILENT}").say(lines=(alert("tlsv1 unrecognized name", 112),)).sends()


def no_sni_address(shop: Workshop) -> Workshop:
    """SNI is on, and the name is an address: none is sent."""
    lines = f"{_TO} proxy_ssl_server_name on; proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem;"
    return _passing(shop, lines).say(lines=(alert("tlsv1 unrecognized name", 112),)).sends()


def no_sni_other(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} {_SILENT}").say(lines=(_DIFFERS,)).sends()


def no_sni_default(shop: Workshop) -> Workshop:
    """Both servers of the upstream are in this configuration; the default one has a certificate of another name."""
    other = shop.draft.end_entity(name(("CN", "other.test")), shop.draft.root)
    other.put("subjectAltName", ext.general_names(("dns", "other.test")))
    shop.put("other.pem", blank_pem(other)).put("other.key", other.key.pem)
    servers = "".join(
        f"    server {{ listen 127.0.0.1:9443 ssl; server_name {who}; ssl_certificate {file}.pem;"
        f" ssl_certificate_key {file}.key; return 200; }}\n"
        for who, file in (("other.test", "other"), ("lab.test", "peer"))
    )
    return _passing(shop, f"{_TO} {_SILENT} proxy_set_header Host lab.test;", servers)


def no_sni_not_needed(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} {_SILENT}").sends()


_BLOCK = "    upstream backend { server 127.0.0.1:9443; %s }\n"


def _two(shop: Workshop, target: str, more: str = _SHOWS, block: str = "") -> Workshop:
    return _server(
        shop,
        f"location / {{ proxy_pass https://{target}; {VERIFIED} }}",
        f"location /as/ {{ proxy_pass https://{target}; {VERIFIED} {more} }}",
        http=block,
    )


def shared_upstream(shop: Workshop) -> Workshop:
    return _two(shop, "backend", block=_BLOCK % "")


def shared_address(shop: Workshop) -> Workshop:
    return _two(shop, "127.0.0.1:9443")


def shared_connections(shop: Workshop) -> Workshop:
    return _two(shop, "backend", f"{_SHOWS} proxy_ssl_session_reuse off;", _BLOCK % "keepalive 4;")


def shared_stale(shop: Workshop) -> Workshop:
    return _two(shop, "127.0.0.1:9443").sends().say(lines=(_STALE,))


def alike(shop: Workshop) -> Workshop:
    return _two(shop, "backend", "", _BLOCK % "")


def reuse_off(shop: Workshop) -> Workshop:
    return _two(shop, "backend", f"{_SHOWS} proxy_ssl_session_reuse off;", _BLOCK % "")


_CHOSEN = "map $host $who { default front; }\n" + _BLOCK
_BY_HOST = f"{VERIFIED} proxy_ssl_certificate $who.pem; proxy_ssl_certificate_key $who.key;"
_APART = "proxy_ssl_session_reuse off;"


def _choosing(shop: Workshop, more: str = "", pool: str = "") -> Workshop:
    return _server(shop, f"location / {{ proxy_pass https://backend; {_BY_HOST} {more} }}", http=_CHOSEN % pool)


def chosen(shop: Workshop) -> Workshop:
    return _choosing(shop)


def chosen_kept(shop: Workshop) -> Workshop:
    return _choosing(shop, _APART, "keepalive 4;")


def chosen_anew(shop: Workshop) -> Workshop:
    return _choosing(shop, _APART)


def chosen_by_default(shop: Workshop) -> Workshop:
    return chosen_anew(shop).say(nginx_version="1.30.6")


def chosen_literal(shop: Workshop) -> Workshop:
    return chosen(shop).say(nginx_version="1.18.0")


def expired_and_misnamed(shop: Workshop) -> Workshop:
    shop.draft.leaf.not_after = PAST
    return _passing(shop, f"{_TO} {VERIFIED.replace('lab.test', 'else.test')}").sends()


_OFF, _HTTP, _PLAIN = "upstream-verify-off-by-default", "upstream-proxy-pass-http-to-tls", "upstream-is-plain-http"
_SNI, _SESSIONS = "upstream-sni-not-sent", "upstream-session-reuse-trouble"


def other_host(shop: Workshop) -> Workshop:
    return other_host_unasked(shop).say(answer="421 Misdirected Request")


def other_host_unasked(shop: Workshop) -> Workshop:
    return _passing(shop, f"{_TO} {VERIFIED} {_SHOWS} proxy_set_header Host $host;").sends()


def same_host(shop: Workshop) -> Workshop:
    made = _passing(shop, f"{_TO} {VERIFIED} {_SHOWS} proxy_set_header Host lab.test;").sends()
    return made.say(answer="421 Misdirected Request")


SAMPLES = (
    Sample("upstream-host", "other", other_host, "upstream-host-vs-sni-421", side=UP),
    Sample("upstream-host", "unasked", other_host_unasked, "upstream-host-vs-sni-421", "notice", side=UP),
    Sample("upstream-host", "same", same_host, side=UP),
    Sample("upstream-verified", "default", unverified, _OFF, severity="warning", side=UP),
    Sample("upstream-verified", "chain-known", unverified_known, _OFF, severity="warning", side=UP, intermediates=2),
    Sample("upstream-verified", "root-unknown", unverified_unknown, _OFF, severity="warning", side=UP),
    Sample("upstream-verified", "in-vain", trusted_in_vain, _OFF, side=UP),
    Sample("upstream-verified", "beside", unverified, _OFF, severity="warning"),
    Sample("upstream-verified", "verified", verified, side=UP),
    Sample("upstream-scheme", "to-tls", plain_to_tls, _HTTP, side=UP),
    Sample("upstream-scheme", "to-shown", plain_to_shown, _HTTP, side=UP),
    Sample("upstream-scheme", "answered", plain_answered, _HTTP, side=UP),
    Sample("upstream-scheme", "to-443", plain_to_443, _HTTP),
    Sample("upstream-scheme", "to-plain", tls_to_plain, _PLAIN, side=UP),
    Sample("upstream-scheme", "to-80", tls_to_80, _PLAIN, side=UP),
    Sample("upstream-scheme", "to-plain-logged", tls_to_plain_logged, _PLAIN, side=UP),
    Sample("upstream-scheme", "plain", plain_to_plain),
    Sample("upstream-scheme", "elsewhere", tls_to_own_443, side=UP),
    Sample("upstream-sni", "refused", no_sni, _SNI, side=UP),
    Sample("upstream-sni", "address", no_sni_address, _SNI, side=UP),
    Sample("upstream-sni", "other-certificate", no_sni_other, _SNI, side=UP),
    Sample("upstream-sni", "default-server", no_sni_default, _SNI, side=UP),
    Sample("upstream-sni", "not-needed", no_sni_not_needed, side=UP),
    Sample("upstream-sni", "sent", verified, side=UP),
    Sample("upstream-sessions", "two", shared_upstream, _SESSIONS, severity="warning"),
    Sample("upstream-sessions", "address", shared_address, _SESSIONS, severity="warning"),
    Sample("upstream-sessions", "connections", shared_connections, _SESSIONS, severity="warning"),
    Sample("upstream-sessions", "stale", shared_stale, _SESSIONS, side=UP),
    Sample("upstream-sessions", "one", alike),
    Sample("upstream-sessions", "off", reuse_off),
    Sample("upstream-chosen", "sessions", chosen, _SESSIONS, severity="warning"),
    Sample("upstream-chosen", "kept", chosen_kept, _SESSIONS, severity="warning"),
    Sample("upstream-chosen", "by-default", chosen_by_default, _SESSIONS, severity="warning"),
    Sample("upstream-chosen", "anew", chosen_anew),
    Sample("upstream-chosen", "literal", chosen_literal),
    Sample("masked", "name", expired_and_misnamed, "upstream-mask-several-faults", severity="notice", side=UP),
)
