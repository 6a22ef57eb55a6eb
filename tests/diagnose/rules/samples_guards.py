"""Checks that are written down and not met: by a rewrite, another location, a path with dots, a page."""

from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import ASKS, TLS, Sample, Workshop

_OPTIONAL = f"{TLS} ssl_client_certificate ca.pem; ssl_verify_client optional;"
_GUARD = "if ($ssl_client_verify != SUCCESS) {\n                return 403; # nobody\n            }"
_APP = "proxy_pass http://127.0.0.1:9000;"
_PUBLIC = "location / { return 302 /admin/; }"


def site(shop: Workshop, inside: str) -> Workshop:
    return shop.http(server(_OPTIONAL, inside)).sends()


def rewritten(shop: Workshop) -> Workshop:
    return site(
        shop, f"{_PUBLIC} location /admin/ {{\n            rewrite ^/admin/(.*)$ /$1 break;\n            {_GUARD}\n {_APP} }}"
    )


def sent_on(shop: Workshop) -> Workshop:
    inside = f"location /admin/ {{ rewrite ^/admin/(.*)$ /kept/$1 last; {_GUARD} }} location /kept/ {{ internal; {_APP} }}"
    return site(shop, f"{_PUBLIC} {inside}")


def of_the_server(shop: Workshop) -> Workshop:
    return site(shop, f"rewrite ^/old/(.*)$ /new/$1 last; {_GUARD} location / {{ {_APP} }}")


def rewritten_if(shop: Workshop) -> Workshop:
    inside = f"if ($uri ~ ^/admin/x) {{ rewrite ^/admin/x(.*)$ /admin/y$1 break; }} {_GUARD} {_APP}"
    return site(shop, f"{_PUBLIC} location /admin/x {{ {inside} }}")


def by_suffix(shop: Workshop) -> Workshop:
    return site(shop, f"{_PUBLIC} location /admin/ {{ {_GUARD} {_APP} }} location ~ \\.php$ {{ {_APP} }}")


def by_suffix_elsewhere(shop: Workshop) -> Workshop:
    return site(shop, f"{_PUBLIC} location /admin/ {{ {_GUARD} root /srv; }} location ~ \\.php$ {{ {_APP} }}")


def by_dots(shop: Workshop) -> Workshop:
    flag = "set $closed 1; if ($ssl_client_verify = SUCCESS) { set $closed 0; }"
    return site(
        shop, f"{flag} if ($request_uri ~ ^/health) {{ set $closed 0; }} if ($closed) {{ return 403; }} location / {{ {_APP} }}"
    )


def other_methods(shop: Workshop) -> Workshop:
    return site(
        shop, f"{_PUBLIC} location /admin/ {{\n            {_GUARD}\n            limit_except GET {{ allow all; }}\n {_APP} }}"
    )


def no_other_methods(shop: Workshop) -> Workshop:
    return site(shop, f"{_PUBLIC} location /admin/ {{ {_GUARD} limit_except GET {{ deny all; }} {_APP} }}")


def refused_and_shown(shop: Workshop) -> Workshop:
    """The page of the refusal is a 200 for auth_request as well."""
    check = "location = /check { internal; if ($ssl_client_verify = SUCCESS) { return 204; } return 403; }"
    page = "error_page 403 =200 /sorry; location = /sorry { return 200 sorry; }"
    return site(shop, f"auth_request /check; {page} {check} location / {{ {_APP} }}")


def asked_first(shop: Workshop) -> Workshop:
    return site(shop, f"{_PUBLIC} location /admin/ {{ {_GUARD} rewrite ^/admin/(.*)$ /$1 break; {_APP} }}")


def excepted(shop: Workshop) -> Workshop:
    return site(shop, f"if ($uri = /health) {{ break; }} {_GUARD} location / {{ {_APP} }}")


def first_prefix(shop: Workshop) -> Workshop:
    return site(shop, f"{_PUBLIC} location ^~ /admin/ {{ {_GUARD} {_APP} }} location ~ \\.php$ {{ return 404; }}")


def asked_elsewhere(shop: Workshop) -> Workshop:
    """Another location says who may enter, by a request of nginx's own."""
    check = "location = /check { internal; if ($ssl_client_verify = SUCCESS) { return 204; } return 401; }"
    return site(shop, f"auth_request /check; {check} location / {{ {_APP} }}")


def behind_a_name(shop: Workshop) -> Workshop:
    return site(shop, f"location / {{ try_files /absent @app; }} location @app {{ {_GUARD} {_APP} }}")


def behind_a_password(shop: Workshop) -> Workshop:
    return site(shop, f"auth_basic staff; auth_basic_user_file users; location / {{ {_APP} }}")


def found_by_page(shop: Workshop) -> Workshop:
    named = f"location @app {{ {_APP} }} location /admin/ {{ {_GUARD} {_APP} }}"
    return site(shop, f"error_page 404 = @app; location / {{ return 404; }} {named}")


def page_of_the_backend(shop: Workshop) -> Workshop:
    inside = f"location / {{ {_APP} }} location @app {{ {_APP} }}"
    return shop.http(server(f"{ASKS} error_page 495 496 @app;", inside)).sends()


def page_of_its_own(shop: Workshop) -> Workshop:
    inside = f"location / {{ {_APP} }} location /errors/ {{ internal; proxy_pass http://127.0.0.1:9001; }}"
    return shop.http(server(f"{ASKS} error_page 495 496 /errors/certificate;", inside)).sends()


_IN = 'map "$lan:$ssl_client_verify" $in { default 0; ~^1: 1; 0:SUCCESS 1; }'
_ASKED = f"if ($in = 0) {{ return 403; }} location / {{ {_APP} }}"


def lan(shop: Workshop, geo: str, more: str = "", verify: str = "optional") -> Workshop:
    lines = _OPTIONAL.replace("optional;", f"{verify};")
    return shop.http(f"    {geo}\n    {_IN}\n" + server(lines, f"{more} {_ASKED}")).sends()


def lan_by_header(shop: Workshop) -> Workshop:
    return lan(shop, "geo $http_x_forwarded_for $lan { default 0; 10.0.0.0/8 1; 10.9.0.0/16 0; }")


def lan_by_anybody(shop: Workshop) -> Workshop:
    more = "set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;"
    return lan(shop, "geo $lan { default 0; 10.0.0.0/8 1; }", more)


def lan_by_proxy(shop: Workshop) -> Workshop:
    more = "set_real_ip_from 192.0.2.1; real_ip_header X-Forwarded-For;"
    return lan(shop, "geo $lan { default 0; 10.0.0.0/8 1; }", more)


def by_cookie(shop: Workshop) -> Workshop:
    return lan(shop, "map $cookie_staff $lan { default 0; ~^[0-9]+$ 1; }")


def by_argument(shop: Workshop) -> Workshop:
    return site(shop, f'if ($arg_token = "") {{ return 403; }} location / {{ {_APP} }}')


def by_name_alone(shop: Workshop) -> Workshop:
    lines = _OPTIONAL.replace("optional;", "optional_no_ca;")
    return shop.http(
        server(lines, f'if ($ssl_client_s_dn != "CN=alice,O=Lab") {{ return 403; }} location / {{ {_APP} }}')
    ).sends()


def as_well(shop: Workshop) -> Workshop:
    inside = f"{_GUARD} if ($http_x_team != ops) {{ return 403; }} location / {{ {_APP} }}"
    return shop.http(server(_OPTIONAL, inside)).sends()


_CAUSE = "optional-not-enforced"
SAMPLES = (
    Sample("passed-by", "rewritten", rewritten, _CAUSE),
    Sample("passed-by", "sent-on", sent_on, _CAUSE),
    Sample("passed-by", "of-the-server", of_the_server, _CAUSE),
    Sample("passed-by", "rewritten-if", rewritten_if, _CAUSE),
    Sample("passed-by", "by-suffix", by_suffix, _CAUSE),
    Sample("passed-by", "by-suffix-elsewhere", by_suffix_elsewhere, _CAUSE),
    Sample("passed-by", "by-dots", by_dots, _CAUSE),
    Sample("passed-by", "other-methods", other_methods, _CAUSE),
    Sample("passed-by", "no-other-methods", no_other_methods),
    Sample("passed-by", "asked-first", asked_first),
    Sample("passed-by", "excepted", excepted),
    Sample("passed-by", "first-prefix", first_prefix),
    Sample("claimed", "geo", lan_by_header, "header-spoofable"),
    Sample("claimed", "real-ip", lan_by_anybody, "header-spoofable"),
    Sample("claimed", "cookie", by_cookie, "header-spoofable"),
    Sample("claimed", "argument", by_argument, "header-spoofable"),
    Sample("claimed", "name", by_name_alone, "header-spoofable"),
    Sample("claimed", "proxy", lan_by_proxy),
    Sample("claimed", "as-well", as_well),
    Sample("optional", "asked-elsewhere", asked_elsewhere),
    Sample("optional", "refused-and-shown", refused_and_shown, _CAUSE, severity="warning"),
    Sample("optional", "behind-a-name", behind_a_name),
    Sample("optional", "behind-a-password", behind_a_password),
    Sample("optional", "found-by-page", found_by_page, _CAUSE, severity="notice"),
    Sample("error-page", "of-the-backend", page_of_the_backend, "error-page-495-bypass"),
    Sample("error-page", "of-its-own", page_of_its_own),
)
