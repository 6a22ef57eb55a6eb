"""Verification that does not take place, or not for everybody."""

from handclasp.model.evidence import Request, Seen
from tests.diagnose.rules.workshop import ANSWER, ASKS, TLS, Sample, Workshop
from tests.diagnose.scenes import blank_pem

NONE_SENT = "400 No required SSL certificate was sent"
_OPTIONAL = f"{TLS} ssl_client_certificate ca.pem; ssl_verify_client optional;"
_GUARD = "if ($ssl_client_verify != SUCCESS) { return 403; }"
_INFO = "2026/11/20 10:00:00 [info] 7#7: *1 {} while reading client request headers, client: 192.0.2.7, server: site.test"
NO_CERTIFICATE = _INFO.format("client sent no required SSL certificate")
MISDIRECTED = _INFO.format("client attempted to request the server name different from the one that was negotiated")


def server(lines: str, inside: str = ANSWER) -> str:
    return f"    server {{ {lines}\n        {inside}\n    }}\n"


def unguarded(shop: Workshop) -> Workshop:
    return shop.http(server(_OPTIONAL)).sends()


def no_ca_unguarded(shop: Workshop) -> Workshop:
    return shop.http(server(_OPTIONAL.replace("optional;", "optional_no_ca;"))).sends()


def proxied(shop: Workshop) -> Workshop:
    return shop.http(server(_OPTIONAL, "location / { proxy_pass http://127.0.0.1:9000; }")).sends()


def partly(shop: Workshop) -> Workshop:
    inside = f'location / {{ return 200 "all\\n"; }} location /admin/ {{ {_GUARD} return 200 "in\\n"; }}'
    return shop.http(server(_OPTIONAL, inside)).sends()


def backend_told(shop: Workshop) -> Workshop:
    inside = "location / { proxy_pass http://127.0.0.1:9000; proxy_set_header X-Verify $ssl_client_verify; }"
    return shop.http(server(_OPTIONAL, inside)).sends()


def guarded(shop: Workshop) -> Workshop:
    return shop.http(server(f"{_OPTIONAL} {_GUARD}")).sends()


def guarded_by_map(shop: Workshop) -> Workshop:
    text = '    map "$request_method:$ssl_client_verify" $refuse { default 1; ~^OPTIONS: 0; ~:SUCCESS$ 0; }\n'
    return shop.http(text + server(f"{_OPTIONAL} if ($refuse) {{ return 403; }}")).sends()


def forgives(shop: Workshop) -> Workshop:
    shop.draft.leaf.not_after = shop.draft.leaf.not_before.replace(year=shop.draft.leaf.not_before.year + 1)
    return shop.http(server(f"{_OPTIONAL} {_GUARD}")).sends()


def page_200(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} error_page 495 496 =200 /;")).sends()


def page_to_app(shop: Workshop) -> Workshop:
    inside = "location / { proxy_pass http://127.0.0.1:9000; } location @app { proxy_pass http://127.0.0.1:9000; }"
    return shop.http(server(f"{ASKS} error_page 404 496 = @app;", inside)).sends()


def page_403(shop: Workshop) -> Workshop:
    inside = f'location = /why {{ internal; return 200 "send a certificate\\n"; }} {ANSWER}'
    return shop.http(server(f"{ASKS} error_page 495 496 =403 /why;", inside)).sends()


def page_plain(shop: Workshop) -> Workshop:
    return shop.http(server(f"{ASKS} error_page 400 500 /why.html;")).sends()


def not_enabled(shop: Workshop) -> Workshop:
    return shop.http(server(f"{TLS} ssl_client_certificate ca.pem;")).sends()


def tested_and_not_asked(shop: Workshop) -> Workshop:
    return shop.http(server(f"{TLS} if ($ssl_client_verify != SUCCESS) {{ return 403; }}")).sends()


def tested_and_asked(shop: Workshop) -> Workshop:
    asks = ASKS.replace("ssl_verify_client on", "ssl_verify_client optional")
    return shop.http(server(f"{asks} if ($ssl_client_verify != SUCCESS) {{ return 403; }}")).sends()


def off_again(shop: Workshop) -> Workshop:
    text = "    ssl_client_certificate ca.pem; ssl_verify_client on;\n"
    return shop.http(text + server(f"{TLS} ssl_verify_client off;")).sends()


def public_beside(shop: Workshop) -> Workshop:
    text = "    ssl_client_certificate ca.pem; ssl_verify_client on;\n"
    public = "listen 127.0.0.1:8443 ssl; server_name public.test; ssl_verify_client off;"
    return shop.http(text + server(TLS) + server(public)).sends()


def plain_listen(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS.replace(" ssl;", ";", 1))).sends()


def plain_beside(shop: Workshop) -> Workshop:
    return shop.http(server(f"listen 127.0.0.1:8080; {ASKS}")).sends()


def redirecting(shop: Workshop) -> Workshop:
    redirect = "if ($scheme = http) { return 301 https://$host$request_uri; }"
    return shop.http(server(f"listen 127.0.0.1:8080; {ASKS} {redirect}")).sends()


_APP = "location / { proxy_pass http://127.0.0.1:8081; }"


def _apart(shop: Workshop, listen: str, more: str = "", there: str = _APP, asks: str = ASKS) -> Workshop:
    """A server that verifies, and another of the same name."""
    other = f"    server {{ {listen} server_name site.test; {more} {there} }}\n"
    return shop.http(f"    server {{ {asks} {_APP} }}\n{other}").sends()


_EVERYWHERE = ASKS.replace("127.0.0.1:", "")


def apart_over_quic(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8443 quic;", asks=_EVERYWHERE)


def apart_over_quic_verified(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8443 quic;", "ssl_client_certificate ca.pem; ssl_verify_client on;", asks=_EVERYWHERE)


def apart_over_ipv6(shop: Workshop) -> Workshop:
    return _apart(shop, "listen [::]:8443 ssl;", asks=_EVERYWHERE)


def apart_at_another_port(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 9443 ssl;")


def apart_in_the_clear(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8080;")


def apart_but_redirecting(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8080;", "if ($server_port = 8080) { return 301 https://$host$request_uri; }")


def apart_on_loopback(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 127.0.0.1:8080;")


def apart_for_some_addresses(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8080;", "allow 192.0.2.0/24; deny all;")


def apart_with_a_password(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8080;", "auth_basic inside; auth_basic_user_file users;")


def apart_for_health_checks(shop: Workshop) -> Workshop:
    health = "location = /health { proxy_pass http://127.0.0.1:8081; } location / { return 404; }"
    return _apart(shop, "listen 8080;", there=health)


def apart_with_other_content(shop: Workshop) -> Workshop:
    return _apart(shop, "listen 8080;", there="location / { proxy_pass http://127.0.0.1:8082; }")


def redirecting_apart(shop: Workshop) -> Workshop:
    text = "    ssl_client_certificate ca.pem; ssl_verify_client on;\n"
    return shop.http(text + server("listen 127.0.0.1:8080; return 301 https://$host;", "") + server(TLS)).sends()


def two_cas(shop: Workshop) -> Workshop:
    shop.other_ca()
    first = "listen 127.0.0.1:8443 ssl; server_name first.test; ssl_client_certificate other.pem; ssl_verify_client on;"
    return shop.http(server(first) + server(ASKS)).sends().say(server="site.test")


def two_cas_compared(shop: Workshop) -> Workshop:
    shop.other_ca()
    first = "listen 127.0.0.1:8443 ssl; server_name first.test; ssl_client_certificate other.pem; ssl_verify_client on;"
    guard = "if ($ssl_server_name != $host) { return 421; }"
    return shop.http(server(f"{first} {guard}") + server(f"{ASKS} {guard}")).sends().say(server="site.test")


def rejecting(shop: Workshop) -> Workshop:
    first = "listen 127.0.0.1:8443 ssl default_server; ssl_reject_handshake on;"
    return shop.http(server(first, "") + server(ASKS)).sends().say(server="site.test")


def same_ca(shop: Workshop) -> Workshop:
    first = ASKS.replace("site.test", "first.test")
    return shop.http(server(first) + server(ASKS)).sends().say(server="site.test")


def _open_default(shop: Workshop) -> Workshop:
    return shop.http(server(TLS.replace("site.test", "open.test")) + server(ASKS)).sends().say(server="site.test")


def no_sni(shop: Workshop) -> Workshop:
    return _open_default(shop)


def no_sni_logged(shop: Workshop) -> Workshop:
    return _open_default(shop).say(lines=(NO_CERTIFICATE,))


def http2(shop: Workshop) -> Workshop:
    lines = TLS.replace("ssl;", "ssl http2;").replace("site.test", "open.test")
    return shop.http(server(lines) + server(ASKS.replace("ssl;", "ssl http2;", 1))).sends().say(server="site.test")


def misdirected(shop: Workshop) -> Workshop:
    return _open_default(shop).say(lines=(MISDIRECTED,))


def other_certificates(shop: Workshop) -> Workshop:
    lines = TLS.replace("ssl;", "ssl http2;").replace("site.test", "open.test") + (
        " ssl_certificate other-server.pem; ssl_certificate_key other-server.key;"
    )
    shop.http(server(lines) + server(ASKS.replace("ssl;", "ssl http2;", 1))).sends().say(server="site.test")
    own = shop.draft.end_entity(shop.draft.leaf.subject, None)
    return shop.put("other-server.pem", blank_pem(own)).put("other-server.key", own.key.pem)


def health(shop: Workshop) -> Workshop:
    text = "    ssl_client_certificate ca.pem; ssl_verify_client on;\n"
    return shop.http(text + server(TLS, f'{ANSWER} location = /healthz {{ return 200 "ok\\n"; }}')).sends()


def prompting(shop: Workshop) -> Workshop:
    text = "    ssl_client_certificate ca.pem; ssl_verify_client optional;\n"
    public = "listen 127.0.0.1:8443 ssl; server_name public.test;"
    return shop.http(text + server(f"{TLS} {_GUARD}") + server(public)).sends()


def asked(shop: Workshop, lines: str = ASKS, **request: object) -> Workshop:
    """What a client of site.test asked."""
    made = Request(**{"sni": "site.test", "host": "site.test", "port": 8443, **request})  # type: ignore[arg-type]
    return shop.http(server(lines)).say(request=made)


def plainly(shop: Workshop) -> Workshop:
    return asked(shop, plain=True, sni=None).sends("")


def plainly_sent_on(shop: Workshop) -> Workshop:
    lines = f"{ASKS} error_page 497 =301 https://$host$request_uri;"
    return asked(shop, lines, plain=True, sni=None).sends("")


def preflight(shop: Workshop) -> Workshop:
    return asked(shop, method="OPTIONS").sends("")


def health_check(shop: Workshop) -> Workshop:
    return asked(shop).sends("").say(location="/healthz")


def ended_before(shop: Workshop) -> Workshop:
    seen = Seen(url="https://site.test/", certificate=True, sni=True, asked=False, tls="TLSv1.3", status=400, title=NONE_SENT)
    return shop.http(server(ASKS)).sends().sees(seen)


def asked_there(shop: Workshop) -> Workshop:
    seen = Seen(url="https://site.test/", certificate=True, sni=True, asked=True, tls="TLSv1.3", status=200)
    return shop.http(server(ASKS)).sends().sees(seen)


def demanded_of_all(shop: Workshop) -> Workshop:
    """http{} insists; one server says so itself, and another is a public page."""
    outside = "    ssl_client_certificate ca.pem; ssl_verify_client on;\n"
    public = server("listen 127.0.0.1:8443 ssl; server_name www.test;")
    return shop.http(outside + server(ASKS) + public).sends()


def leaf_of_a_hidden_ca(shop: Workshop) -> Workshop:
    """The client holds its leaf alone, nginx names the root, and the log says that nothing was sent."""
    shop.scene.sends = [shop.draft.leaf]
    return shop.http(server(ASKS)).sends().say(lines=(NO_CERTIFICATE,))


def leaf_of_a_named_ca(shop: Workshop) -> Workshop:
    return shop.http(server(ASKS)).sends().say(lines=(NO_CERTIFICATE,))


SAMPLES = (
    Sample("no-certificate", "filtered", leaf_of_a_hidden_ca, "client-filtered-by-ca-list", intermediates=1),
    Sample("no-certificate", "named", leaf_of_a_named_ca),
    Sample("plain-request", "http", plainly, "plain-http-to-https-port"),
    Sample("plain-request", "sent-on", plainly_sent_on),
    Sample("no-certificate", "preflight", preflight, "cors-preflight-has-no-cert"),
    Sample("no-certificate", "health", health_check, "health-check-has-no-cert"),
    Sample("no-certificate", "ended-before", ended_before, "tls-terminated-before-nginx"),
    Sample("no-certificate", "asked-there", asked_there),
    Sample("inherited", "health", health, "health-check-has-no-cert", severity="notice"),
    Sample("inherited", "demanded", demanded_of_all, "client-sent-no-cert", severity="notice"),
    Sample("inherited", "prompting", prompting, "optional-prompts-everyone", severity="notice"),
    Sample("inherited", "guarded", guarded),
    Sample("optional", "unguarded", unguarded, "optional-not-enforced", severity="warning"),
    Sample("optional", "no-ca", no_ca_unguarded, "optional-not-enforced", severity="warning"),
    Sample("optional", "proxied", proxied, "optional-not-enforced", severity="warning"),
    Sample("optional", "partly", partly, "optional-not-enforced", severity="notice"),
    Sample("optional", "backend-told", backend_told, "optional-not-enforced", severity="notice"),
    Sample("optional", "guarded", guarded),
    Sample("optional", "guarded-by-map", guarded_by_map),
    Sample("optional-forgives", "expired", forgives, "optional-semantics", severity="notice"),
    Sample("optional-forgives", "good", guarded),
    Sample("error-page", "200", page_200, "error-page-495-bypass"),
    Sample("error-page", "to-app", page_to_app, "error-page-495-bypass"),
    Sample("error-page", "403", page_403),
    Sample("error-page", "400", page_plain),
    Sample("verify-enabled", "absent", not_enabled, "verify-client-not-enabled"),
    Sample("verify-enabled", "off-again", off_again, "verify-client-not-enabled"),
    Sample("verify-enabled", "public-beside", public_beside),
    Sample("verify-tested", "never-asked", tested_and_not_asked, "verify-client-not-enabled"),
    Sample("verify-tested", "asked", tested_and_asked),
    Sample("listen-tls", "plain", plain_listen, "listen-without-ssl"),
    Sample("listen-tls", "plain-beside", plain_beside, "listen-without-ssl", severity="warning"),
    Sample("listen-tls", "redirecting", redirecting),
    Sample("listen-tls", "redirecting-apart", redirecting_apart),
    Sample("other-door", "quic", apart_over_quic, "verify-client-not-enabled", version="1.26.3", openssl="3.5.7"),
    Sample("other-door", "quic-verified", apart_over_quic_verified, version="1.26.3", openssl="3.5.7"),
    Sample("other-door", "ipv6", apart_over_ipv6, "verify-client-not-enabled"),
    Sample("other-door", "port", apart_at_another_port, "verify-client-not-enabled", severity="notice"),
    Sample("other-door", "clear", apart_in_the_clear, "listen-without-ssl", severity="warning"),
    Sample("other-door", "redirecting", apart_but_redirecting),
    Sample("other-door", "loopback", apart_on_loopback),
    Sample("other-door", "addresses", apart_for_some_addresses),
    Sample("other-door", "password", apart_with_a_password),
    Sample("other-door", "health", apart_for_health_checks),
    Sample("other-door", "other-content", apart_with_other_content),
    Sample("sni-split", "two-cas", two_cas, "sni-host-split"),
    Sample("sni-split", "compared", two_cas_compared),
    Sample("sni-split", "rejecting", rejecting),
    Sample("sni-split", "same-ca", same_ca),
    Sample("no-sni", "static", no_sni, "request-by-ip-or-without-sni", severity="notice"),
    Sample("no-sni", "logged", no_sni_logged, "request-by-ip-or-without-sni"),
    Sample("no-sni", "same-ca", same_ca),
    Sample("misdirected", "http2", http2, "http2-connection-reuse-421", severity="notice"),
    Sample("misdirected", "logged", misdirected, "http2-connection-reuse-421"),
    Sample("misdirected", "other-certificates", other_certificates),
)
