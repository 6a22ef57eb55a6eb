"""Configurations as many hands write them: what is in http{}, who visits, and what `nginx check` must tell beforehand.

What they are answered is not written here: it is asked of a real nginx, and the model must foresee it.
"""

from dataclasses import dataclass
from typing import Any

from handclasp.lab.setup import CLIENT, NOBODY, STRANGER

LISTEN = "listen 127.0.0.1:@PORT@ ssl;"
PAIR = "ssl_certificate server.pem; ssl_certificate_key server.key;"
ASKS = "ssl_client_certificate client-ca.pem; ssl_verify_client on;"
MAY = "ssl_client_certificate client-ca.pem; ssl_verify_client optional;"
NO_CA = "ssl_client_certificate client-ca.pem; ssl_verify_client optional_no_ca;"
CONTENT = "location / { return 200; }"
GUARD = "if ($ssl_client_verify != SUCCESS) { return 403; }"
GUEST = "guest"
EVERYBODY = (CLIENT, STRANGER, NOBODY)

Visitor = str | tuple[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """`visits`: who, with fields of a Visit. `intermediates` CAs are between root and client; `damage` names what is wrong.

    `unknown`: a header, an address or a password decides, and both answers are foreseen.
    """

    name: str
    http: str
    visits: tuple[Visitor, ...] = EVERYBODY
    told: tuple[str, ...] = ()
    intermediates: int = 1
    damage: str = ""
    quiet: bool = False
    unknown: bool = False


def server(lines: str = "", body: str = CONTENT, *, names: str = "app.test", listen: str = LISTEN) -> str:
    return f"server {{ {listen} {PAIR} server_name {names}; {lines} {body} }}\n"


def at(path: str, who: str = NOBODY) -> Visitor:
    return who, {"path": path}


def named(name: str | None, host: str | None = None, who: str = NOBODY) -> Visitor:
    return who, {"sni": name, "host": host or name}


OPEN = ("optional-not-enforced",)
REJECTS = f"server {{ {LISTEN.replace('ssl;', 'ssl default_server;')} ssl_reject_handshake on; return 421; }}\n"


def _c(name: str, http: str, *visits: Visitor, **more: Any) -> Configuration:
    return Configuration(name=name, http=http, visits=visits or EVERYBODY, **more)


OF_SERVERS = (
    _c("plain", server(ASKS), quiet=True),
    _c(
        "asked-for-all",
        ASKS + server() + server("ssl_verify_client off;", names="open.test"),
        *EVERYBODY,
        named("open.test"),
        named("open.test", "app.test"),
    ),
    _c(
        "default-rejects",
        REJECTS + server(ASKS),
        *EVERYBODY,
        named(None, "app.test", CLIENT),
        named("x", "app.test", CLIENT),
        named("app.test", "x", CLIENT),
    ),
    _c("name-by-expression", server(ASKS, names="~^(?<sub>[a-z]+)\\.test$"), quiet=True),
    _c("name-exact-before-wildcard", server(ASKS, names="*.test") + server(names="app.test")),
    _c("name-wildcard-behind", server(ASKS, names="app.*") + server(names="other.test"), *EVERYBODY, named("other.test")),
    _c(
        "two-cas",
        server(ASKS) + server("ssl_client_certificate other-ca.pem; ssl_verify_client on;", names="b.test"),
        *EVERYBODY,
        named("b.test", who=GUEST),
        named("app.test", "b.test", GUEST),
        named(None, "b.test", CLIENT),
        told=("sni-host-split",),
    ),
    _c("both-cas", server("ssl_client_certificate both.pem; ssl_verify_client on;"), *EVERYBODY, GUEST),
    _c(
        "stapling-ca",
        server(f"{ASKS} ssl_trusted_certificate other-ca.pem;"),
        *EVERYBODY,
        GUEST,
        told=("client-trust-too-wide",),
    ),
    _c("ipv6-too", server(ASKS, listen=f"{LISTEN} listen [::1]:@PORT2@ ssl;"), quiet=True),
    _c(
        "clear-beside",
        server(ASKS, listen=f"{LISTEN} listen 127.0.0.1:@PORT2@;"),
        *EVERYBODY,
        (NOBODY, {"port": "@PORT2@", "plain": True}),
        told=("listen-without-ssl",),
    ),
    _c(
        "clear-sent-on-by-port",
        server(
            f"{ASKS} if ($server_port !~ ^@PORT@$) {{ rewrite ^(/.*)$ https://$host$1 permanent; }}",
            listen=f"{LISTEN} listen 127.0.0.1:@PORT2@;",
        ),
        *EVERYBODY,
        (NOBODY, {"port": "@PORT2@", "plain": True}),
        quiet=True,
    ),
    _c(
        "clear-sent-on-but-challenges",
        server(
            f"{ASKS} set $away 1; if ($server_port = @PORT@) {{ set $away 0; }}"
            " if ($uri ~ /well-known/) { set $away 0; } if ($away) { return 301 https://$server_name$request_uri; }",
            listen=f"{LISTEN} listen 127.0.0.1:@PORT2@;",
        ),
        *EVERYBODY,
        (NOBODY, {"port": "@PORT2@", "plain": True}),
        quiet=True,
    ),
    _c(
        "clear-without-protocol",
        server(f'{ASKS} if ($ssl_protocol = "") {{ return 403; }}', listen=f"{LISTEN} listen 127.0.0.1:@PORT2@;"),
        *EVERYBODY,
        (NOBODY, {"port": "@PORT2@", "plain": True}),
        quiet=True,
    ),
    _c(
        "clear-and-open-by-port",
        server(
            f"{ASKS} if ($server_port = @PORT@) {{ return 301 https://$host$request_uri; }}",
            listen=f"{LISTEN} listen 127.0.0.1:@PORT2@;",
        ),
        *EVERYBODY,
        (NOBODY, {"port": "@PORT2@", "plain": True}),
        told=("listen-without-ssl",),
    ),
    _c(
        "host-is-first-name",
        server(f"{ASKS} if ($host != $server_name) {{ return 403; }}", names=".app.test b.test"),
        *EVERYBODY,
        named("b.test", who=CLIENT),
    ),
    _c(
        "host-as-clients-write-it",
        server(ASKS),
        named("app.test", "app.test:443", CLIENT),
        named("app.test", "APP.TEST", CLIENT),
        named("app.test", "app.test.", CLIENT),
        named("APP.test", "app.test", CLIENT),
    ),
    _c("two-of-a-name", server(ASKS) + server(ASKS)),
    _c("quoted", server('"ssl_client_certificate" "client-ca.pem"; ssl_verify_client "on";'), quiet=True),
    _c("included", server("include asks.conf; include none/*.conf;"), quiet=True),
    _c(
        "clear-to-tls",
        server(ASKS, f"error_page 497 =301 https://$host$request_uri; {CONTENT}"),
        *EVERYBODY,
        (NOBODY, {"plain": True}),
    ),
    _c("tls12", server(f"{ASKS} ssl_protocols TLSv1.2;"), quiet=True),
)
OF_TRUST = (
    _c("forgotten", server("ssl_client_certificate client-ca.pem;"), told=("verify-client-not-enabled",)),
    _c(
        "forgotten-with-crl",
        server("ssl_client_certificate client-ca.pem; ssl_crl ca.crl;"),
        told=("verify-client-not-enabled",),
    ),
    _c(
        "issuing-ca-alone",
        server("ssl_client_certificate inter.pem; ssl_verify_client on;"),
        told=("client-trust-intermediate-only",),
    ),
    _c(
        "issuing-ca-and-root",
        server("ssl_client_certificate inter.pem; ssl_trusted_certificate client-ca.pem; ssl_verify_client on;"),
    ),
    _c("client-for-ca", server("ssl_client_certificate leaf.pem; ssl_verify_client on;"), told=("client-trust-file-is-leaf",)),
    _c("no-ca-asked-for", server("ssl_verify_client optional_no_ca;"), told=OPEN),
    _c("depth-0", server(f"{ASKS} ssl_verify_depth 0;")),
    _c("depth-0-enough", server(f"{ASKS} ssl_verify_depth 0;"), intermediates=0),
    _c("depth-1-too-small", server(ASKS), intermediates=2),
    _c("depth-2", server(f"{ASKS} ssl_verify_depth 2;"), intermediates=2),
    _c("depth-9", server(f"{ASKS} ssl_verify_depth 9;"), intermediates=4),
    _c("crl", server(f"{ASKS} ssl_crl ca.crl;")),
    _c("crl-revokes", server(f"{ASKS} ssl_crl ca.crl;"), damage="revoked"),
    _c("crl-not-of-root", server(f"{ASKS} ssl_crl ca.crl;"), damage="crl-of-issuing", told=("client-crl-missing-for-a-level",)),
    _c("crl-expired", server(f"{ASKS} ssl_crl ca.crl;"), damage="crl-over", told=("client-crl-expired",)),
    _c(
        "crl-not-of-the-other-ca",
        server("ssl_client_certificate both.pem; ssl_verify_client on; ssl_crl ca.crl;"),
        *EVERYBODY,
        GUEST,
        told=("client-crl-missing-for-a-level",),
    ),
    _c("ended", server(ASKS), damage="ended"),
    _c("ended-and-unknown", server("ssl_client_certificate other-ca.pem; ssl_verify_client on;"), damage="ended"),
    _c("ended-too-deep-no-crl", server(f"{ASKS} ssl_crl ca.crl; ssl_verify_depth 0;"), damage="ended,crl-of-issuing"),
    _c("forgiven-and-revoked", server(f"{NO_CA} ssl_crl ca.crl;"), damage="revoked", told=OPEN),
    _c(
        "issuing-ca-alone-with-crl",
        server("ssl_client_certificate inter.pem; ssl_verify_client on; ssl_crl ca.crl;"),
        told=("client-trust-intermediate-only",),
    ),
)
OF_PATHS = (
    _c("guard", server(MAY, GUARD + CONTENT), quiet=True),
    _c("guard-by-none", server(MAY, f'if ($ssl_client_verify = "NONE") {{ return 403; }} {CONTENT}'), quiet=True),
    _c(
        "guard-by-failed",
        server(MAY, f'if ($ssl_client_verify = "FAILED") {{ return 403; }} {CONTENT}'),
        told=("verify-failed-compare",),
    ),
    _c("guard-ignoring-case", server(MAY, f"if ($ssl_client_verify !~* ^success$) {{ return 403; }} {CONTENT}"), quiet=True),
    _c("guard-of-one-place", server(MAY, f"location /a {{ {GUARD} return 200; }} {CONTENT}"), at("/a"), at("/b"), told=OPEN),
    _c(
        "not-inside",
        server(MAY, f"location /a {{ {GUARD} location /a/b {{ return 200; }} return 200; }} location / {{ return 404; }}"),
        at("/a"),
        at("/a/b"),
        told=OPEN,
    ),
    _c(
        "expression-before-prefix",
        server(MAY, f"location ~ \\.js$ {{ return 200; }} location /adm {{ {GUARD} return 200; }}"),
        at("/adm/x.js"),
        at("/adm/x"),
        told=OPEN,
    ),
    _c(
        "prefix-that-ends-the-search",
        server(MAY, f"location ~ ^/adm {{ {GUARD} return 200; }} location ^~ /adm/pub {{ return 200; }}"),
        at("/adm/x"),
        at("/adm/pub/x"),
        told=OPEN,
    ),
    _c(
        "exact",
        server(MAY, f"location = / {{ return 200; }} location / {{ {GUARD} return 200; }}"),
        at("/"),
        at("/x"),
        told=OPEN,
    ),
    _c(
        "capitals",
        server(MAY, f"location ~* \\.(php|cgi)$ {{ {GUARD} return 200; }} location / {{ return 204; }}"),
        at("/a.PHP"),
        at("/a.txt"),
        told=OPEN,
    ),
    _c(
        "as-attackers-write-it",
        server(MAY, f"location /adm {{ {GUARD} return 200; }} location / {{ return 204; }}"),
        at("/%61dm/"),
        at("//adm/"),
        at("/x/../adm/"),
        at("/ADM/"),
    ),
    _c(
        "slashes-kept",
        server(f"{MAY} merge_slashes off;", f"location /adm {{ {GUARD} return 200; }} location / {{ return 204; }}"),
        at("//adm/"),
        at("/adm//x"),
        at("/x//../adm"),
        at("/x/../adm"),
        at("/x//../../adm/."),
    ),
    _c(
        "decoded-once",
        server(MAY, f"location /adm {{ {GUARD} return 200; }} location / {{ return 204; }}"),
        at("/%2561dm"),
        at("/x%2fy/%2e%2e/adm"),
    ),
    _c("health", server(ASKS, f"location = /healthz {{ return 200; }} {CONTENT}"), at("/healthz"), *EVERYBODY),
)
OF_VARIABLES = (
    _c(
        "map",
        "map $ssl_client_verify $ok { default 0; SUCCESS 1; }\n" + server(MAY, f"if ($ok = 0) {{ return 403; }} {CONTENT}"),
        quiet=True,
    ),
    _c(
        "map-of-failed",
        'map $ssl_client_verify $bad { default 0; "~^FAILED" 1; }\n' + server(NO_CA, f"if ($bad) {{ return 403; }} {CONTENT}"),
        told=OPEN,
    ),
    _c(
        "map-of-hosts",
        "map $host $need { hostnames; default 1; *.open.test 0; .free.test 2; }\n"
        + server(MAY, f"if ($need = 1) {{ return 403; }} {CONTENT}", names="app.test x.open.test free.test a.free.test"),
        *EVERYBODY,
        named("x.open.test"),
        named("free.test"),
        named("a.free.test"),
    ),
    _c(
        "map-with-capture",
        'map $ssl_client_s_dn $cn { default ""; "~^CN=(?<who>[^,]+),O=Lab$" in; }\n'
        + server(ASKS, f"if ($cn != in) {{ return 403; }} {CONTENT}"),
    ),
    _c(
        "map-ignores-case",
        'map $ssl_client_s_dn $known { default 0; "cn=ALICE,o=lab" 1; }\n'
        + server(ASKS, f"if ($known = 0) {{ return 403; }} {CONTENT}"),
    ),
    _c(
        "issuer",
        'map $ssl_client_i_dn $ours { default 0; "CN=Other CA,O=Other" 1; }\n'
        + server("ssl_client_certificate both.pem; ssl_verify_client on;", f"if ($ours = 0) {{ return 403; }} {CONTENT}"),
        *EVERYBODY,
        GUEST,
    ),
    _c(
        "set",
        server(MAY, f"set $ok 0; if ($ssl_client_verify = SUCCESS) {{ set $ok 1; }} if ($ok = 0) {{ return 403; }} {CONTENT}"),
        quiet=True,
    ),
    _c(
        "set-of-map",
        "map $ssl_client_verify $v { default no; SUCCESS yes; }\n"
        + server(MAY, f"set $x $v; if ($x = no) {{ return 403; }} {CONTENT}"),
        quiet=True,
    ),
    _c(
        "set-in-a-place",
        server(
            MAY, "location / { set $a 1; if ($ssl_client_verify = SUCCESS) { set $a 0; } if ($a) { return 401; } return 200; }"
        ),
        quiet=True,
    ),
    _c(
        "set-of-two",
        server(
            MAY, f'set $c "${{ssl_client_verify}}-$ssl_server_name"; if ($c != SUCCESS-app.test) {{ return 403; }} {CONTENT}'
        ),
        quiet=True,
    ),
    _c("set-too-late", server(MAY, f"if ($ok = 0) {{ return 403; }} set $ok 0; {CONTENT}"), told=OPEN),
)
OF_PAGES = (
    _c("page-instead", server(MAY, "error_page 403 =200 @in; location @in { return 200; }" + GUARD + CONTENT), told=OPEN),
    _c(
        "page-of-a-place",
        server(MAY, f"error_page 403 =200 /ok; location = /ok {{ return 200; }} location / {{ {GUARD} return 200; }}"),
        told=OPEN,
    ),
    _c("page-behind-the-guard", server(MAY, GUARD + "error_page 403 =200 /ok; location = /ok { return 200; }" + CONTENT)),
    _c(
        "page-inherited",
        "error_page 403 =200 /ok;\n" + server(MAY, f"location = /ok {{ return 200; }} location / {{ {GUARD} return 200; }}"),
        told=OPEN,
    ),
    _c(
        "page-not-inherited",
        "error_page 403 =200 /ok;\n"
        + server(MAY, f"error_page 500 /e; location = /ok {{ return 200; }} location / {{ {GUARD} return 200; }}"),
    ),
    _c(
        "text-instead-of-page",
        server(
            MAY,
            "error_page 403 =200 /ok; location = /ok { return 200; }"
            ' location / { if ($ssl_client_verify != SUCCESS) { return 403 "no"; } return 200; }',
        ),
    ),
    _c(
        "own-code",
        server(
            MAY,
            "error_page 418 = @in; location @in { return 200; }"
            " location / { if ($ssl_client_verify = SUCCESS) { return 418; } return 403; }",
        ),
        quiet=True,
    ),
    _c(
        "code-of-nginx",
        server(
            MAY,
            "if ($ssl_client_verify != SUCCESS) { return 496; } error_page 496 =401 /e;"
            f' location = /e {{ return 401 "x"; }} {CONTENT}',
        ),
    ),
    _c("page-for-refused", server(ASKS, f"error_page 495 496 =403 /no; location = /no {{ internal; return 200; }} {CONTENT}")),
    _c("page-elsewhere-with-403", server(ASKS, f"error_page 496 =403 https://help.test/; {CONTENT}")),
    _c("page-that-sends-on", server(ASKS, f"error_page 495 496 /x; location = /x {{ return 301 /y; }} {CONTENT}")),
    _c("page-of-400", server(ASKS, f"error_page 400 =200 /x; location = /x {{ return 200; }} {CONTENT}")),
    _c("elsewhere", server(ASKS, f"error_page 496 =302 https://help.test/; {CONTENT}")),
)
APP = "proxy_pass http://127.0.0.1:@PORT2@;"
BEHIND = 'server { listen 127.0.0.1:@PORT2@; location / { return 200 "backend\\n"; } }\n'
OF_WAYS = (
    _c(
        "rewritten-first",
        BEHIND + server(MAY, f"location /a/ {{ rewrite ^/a/(.*)$ /$1 break; {GUARD} {APP} }} location / {{ return 302 /a/; }}"),
        at("/a/x"),
        at("/a/x", CLIENT),
        at("/"),
        told=OPEN,
    ),
    _c(
        "rewritten-after",
        BEHIND + server(MAY, f"location /a/ {{ {GUARD} rewrite ^/a/(.*)$ /$1 break; {APP} }} location / {{ return 302 /a/; }}"),
        at("/a/x"),
        at("/a/x", CLIENT),
        quiet=True,
    ),
    _c(
        "sent-on",
        BEHIND
        + server(
            MAY,
            f"location /a/ {{ rewrite ^/a/(.*)$ /in/$1 last; {GUARD} }} location /in/ {{ internal; {APP} }}"
            " location / { return 302 /a/; }",
        ),
        at("/a/x"),
        at("/in/x"),
        told=OPEN,
    ),
    _c(
        "sent-to-where-it-is-asked",
        BEHIND + server(MAY, f"rewrite ^/a/(.*)$ /in/$1; location /in/ {{ {GUARD} {APP} }} location / {{ return 302 /a/; }}"),
        at("/a/x"),
        at("/a/x", CLIENT),
        quiet=True,
    ),
    _c("rewritten-in-the-server", server(MAY, f"rewrite ^/a/ /b/ break; {GUARD} {CONTENT}"), at("/a/"), at("/c/"), told=OPEN),
    _c(
        "break-of-the-server",
        server(MAY, f"break; location / {{ {GUARD} return 200; }}"),
        at("/"),
        at("/", CLIENT),
        quiet=True,
    ),
    _c("rewritten-in-circles", server(MAY, "location / { rewrite ^(.*)$ /x$1 last; }"), at("/")),
    _c("rewritten-elsewhere", server(MAY, "rewrite ^/a$ https://b.test/ last; " + GUARD + CONTENT), at("/a"), at("/b")),
    _c("moved-for-good", server(MAY, "rewrite ^/a$ /b permanent; " + GUARD + CONTENT), at("/a"), at("/b")),
    _c(
        "excepted-by-break",
        server(MAY, f"if ($uri ~ ^/health) {{ break; }} {GUARD} {CONTENT}"),
        at("/health"),
        at("/health/../x"),
        at("/x"),
    ),
    _c(
        "excepted-as-sent",
        server(MAY, f"if ($request_uri ~ ^/health) {{ break; }} {GUARD} {CONTENT}"),
        at("/health"),
        at("/health/../x"),
        at("/x"),
        told=OPEN,
    ),
    _c(
        "captured",
        BEHIND
        + server(
            MAY,
            f"location ~ ^/(?<what>[a-z]+)/in$ {{ rewrite ^ /$what last; }} location /adm {{ {GUARD} {APP} }}"
            " location / { return 302 /; }",
        ),
        at("/adm/in"),
        at("/x/in"),
        at("/adm/in", CLIENT),
    ),
    _c(
        "asked-of-another-place",
        BEHIND
        + server(
            MAY,
            "auth_request /who; location = /who { internal; if ($ssl_client_verify = SUCCESS) { return 204; } return 401; }"
            f" location /free {{ auth_request off; {APP} }} location / {{ {APP} }}",
        ),
        at("/"),
        at("/", CLIENT),
        at("/free"),
        at("/who"),
        told=OPEN,
    ),
    _c(
        "asked-of-another-place-alone",
        BEHIND
        + server(
            MAY,
            f"location = /who {{ internal; if ($ssl_client_verify != SUCCESS) {{ return 403; }} return 200; }}"
            f" location / {{ auth_request /who; {APP} }}",
        ),
        at("/"),
        at("/", CLIENT),
        quiet=True,
    ),
    _c(
        "asked-of-a-backend",
        BEHIND + server(MAY, f"auth_request /who; location = /who {{ internal; {APP} }} {CONTENT}"),
        at("/"),
    ),
    _c(
        "asked-of-a-place-that-is-closed",
        BEHIND + server(MAY, f"auth_request /who; location = /who {{ internal; deny all; {APP} }} location / {{ {APP} }}"),
        at("/"),
    ),
    _c(
        "asked-and-the-refusal-has-a-page",
        BEHIND
        + server(
            MAY,
            "auth_request /who; error_page 403 =200 /sorry; location = /sorry { return 200 sorry; }"
            f" location = /who {{ internal; if ($ssl_client_verify != SUCCESS) {{ return 403; }} return 204; }}"
            f" location / {{ {APP} }}",
        ),
        at("/"),
        at("/", CLIENT),
        told=OPEN,
    ),
    _c(
        "closed-or-asked",
        BEHIND
        + server(
            MAY,
            "location = /who { internal; if ($ssl_client_verify != SUCCESS) { return 401; } return 204; }"
            f" location / {{ satisfy any; deny all; auth_request /who; {APP} }}"
            f" location /all {{ satisfy any; allow all; deny all; auth_request /who; {APP} }}"
            f" location /none {{ deny all; allow 127.0.0.1; {APP} }}",
        ),
        at("/"),
        at("/", CLIENT),
        at("/all"),
        at("/none", CLIENT),
    ),
    _c(
        "other-methods",
        BEHIND
        + server(
            MAY,
            f"location / {{ {GUARD} limit_except GET {{ allow all; }} {APP} }}"
            f" location /d {{ {GUARD} limit_except GET POST {{ deny all; }} {APP} }}"
            f" location /g {{ {GUARD} limit_except POST {{ deny all; }} {APP} }}",
        ),
        *(
            (who, {"path": path, "method": method})
            for who in (NOBODY, CLIENT)
            for path in ("/", "/d", "/g")
            for method in ("GET", "POST", "DELETE")
        ),
        told=OPEN,
    ),
    _c("method-asked", server(MAY, f"if ($request_method = POST) {{ return 204; }} {GUARD}"), (NOBODY, {"method": "POST"})),
    _c(
        "argument-asked",
        server(MAY, f"if ($args ~ t=1) {{ return 204; }} {GUARD} {CONTENT}"),
        at("/?t=1"),
        at("/?t=2"),
    ),
    _c(
        "argument-asked-once",
        server(MAY, f"if ($args) {{ return 405; }} error_page 405 = /in; location = /in {{ return 200; }} {CONTENT}"),
        at("/?t=1"),
        at("/"),
        told=OPEN,
    ),
    _c(
        "slash-added",
        BEHIND + server(MAY, f"location /adm/ {{ {APP} }} location = /x {{ return 204; }} location /x/ {{ {APP} }} {GUARD}"),
        at("/adm", CLIENT),
        at("/x", CLIENT),
    ),
    _c(
        "slash-added-before-the-check",
        BEHIND + server(MAY, f"location / {{ {GUARD} {APP} }} location /adm/ {{ {GUARD} {APP} }}"),
        at("/adm"),
        at("/adm/"),
    ),
    _c(
        "tried-behind-an-if",
        BEHIND + server(MAY, f"location / {{ set $a 1; if ($a) {{ set $b 1; }} try_files /absent =403; {APP} }}"),
        at("/"),
    ),
    _c(
        "tried-then-asked",
        BEHIND + server(MAY, f"location / {{ try_files /absent @app; }} location @app {{ {GUARD} {APP} }}"),
        at("/"),
        at("/", CLIENT),
        quiet=True,
    ),
    _c(
        "tried-then-not-asked",
        BEHIND
        + server(MAY, f"location /a {{ {GUARD} {APP} }} location / {{ try_files /absent @app; }} location @app {{ {APP} }}"),
        at("/"),
        at("/a"),
        told=OPEN,
    ),
    _c(
        "tried-by-address",
        BEHIND + server(MAY, f"location / {{ try_files /absent /app; }} location /app {{ {GUARD} {APP} }}"),
        at("/"),
        at("/", CLIENT),
        quiet=True,
    ),
    _c("tried-in-circles", server(MAY, "location / { try_files /absent /a; } location /a { try_files /absent /b; }"), at("/")),
    _c("tried-in-vain", server(MAY, "location / { try_files /absent =418; }"), at("/")),
    _c(
        "page-of-the-backend",
        BEHIND + server(ASKS, f"error_page 495 496 @app; location @app {{ {APP} }} location / {{ {APP} }}"),
        told=("error-page-495-bypass",),
    ),
    _c(
        "page-of-the-backend-with-403",
        BEHIND + server(ASKS, f"error_page 495 496 =403 /app; location /app {{ {APP} }} location / {{ {APP} }}"),
        told=("error-page-495-bypass",),
    ),
    _c(
        "page-of-a-guard-from-the-backend",
        BEHIND + server(MAY, f"error_page 403 @app; location @app {{ {APP} }} location / {{ {GUARD} {APP} }}"),
        told=OPEN,
    ),
    _c(
        "page-refused-again",
        server(MAY, f"error_page 403 =200 @in; location @in {{ return 403; }} location / {{ {GUARD} return 200; }}"),
        quiet=True,
    ),
    _c(
        "page-with-words-of-refusal",
        server(MAY, f'error_page 403 =200 @in; location @in {{ return 403 "no"; }} location / {{ {GUARD} return 200; }}'),
    ),
    _c(
        "page-for-what-is-not-found",
        BEHIND
        + server(
            MAY,
            f"error_page 404 = @app; location @app {{ {APP} }} location /a {{ {GUARD} {APP} }} location / {{ return 404; }}",
        ),
        at("/"),
        at("/a"),
        told=OPEN,
    ),
    _c("set-inside", server(MAY, f'set $a 1; if ($a) {{ set $a ""; {GUARD.split("{")[1].strip(" }")} }} {CONTENT}')),
)
WHO = "location = /who { internal; if ($ssl_client_verify != SUCCESS) { return 401; } return 204; }"
SAYS = ("x-auth", "yes")
OF_UNKNOWNS = (
    _c(
        "header",
        server(MAY, f"if ($http_x_auth = yes) {{ return 200; }} {GUARD} {CONTENT}"),
        *EVERYBODY,
        (NOBODY, {"headers": (SAYS,)}),
        unknown=True,
    ),
    _c(
        "header-by-set",
        server(MAY, f"set $ok 0; if ($cookie_s) {{ set $ok $http_x_auth; }} if ($ok = 0) {{ return 403; }} {CONTENT}"),
        at("/"),
        (NOBODY, {"headers": (SAYS, ("cookie", "s=1"))}),
        unknown=True,
    ),
    _c(
        "address-or-certificate",
        BEHIND + server(MAY, f"{WHO} location / {{ satisfy any; allow 127.0.0.1; deny all; auth_request /who; {APP} }}"),
        unknown=True,
    ),
    _c(
        "other-address-or-certificate",
        BEHIND + server(MAY, f"{WHO} location / {{ satisfy any; allow 192.0.2.1; deny all; auth_request /who; {APP} }}"),
        unknown=True,
    ),
    _c("address", server(MAY, f"location / {{ deny 127.0.0.1; root html; }} {GUARD}"), at("/", CLIENT), at("/"), unknown=True),
    _c("address-asked", server(MAY, f"if ($remote_addr = 127.0.0.1) {{ return 204; }} {GUARD} {CONTENT}"), unknown=True),
    _c(
        "page-by-header",
        server(ASKS, f"error_page 496 /x; if ($http_x_auth) {{ return 302 /y; }} {CONTENT}"),
        at("/"),
        unknown=True,
    ),
)
CONFIGURATIONS = (*OF_UNKNOWNS, *OF_WAYS, *OF_SERVERS, *OF_TRUST, *OF_PATHS, *OF_VARIABLES, *OF_PAGES)
