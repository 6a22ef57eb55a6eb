"""Holes by checks that are written down: requests that do not meet them, and checks that believe who they check."""

from handclasp.lab import setup
from handclasp.lab.hole import hole, since
from handclasp.lab.setup import CLIENT, NOBODY, STRANGER, Setup
from handclasp.ports.stage import Performance

_GUARD = "if ($ssl_client_verify != SUCCESS) {\n        return 403;\n    }"
_APP = "proxy_pass http://127.0.0.1:@PORT2@;"
_BACKEND = 'server {\n    listen 127.0.0.1:@PORT2@;\n    return 200 "the application\\n";\n}'
_ALLOWED = 'map "$lan:$ssl_client_verify" $allowed {\n    default 0;\n    "~^1:" 1;\n    "0:SUCCESS" 1;\n}'


def _site(*server: str, location: str = "return 302 /admin/;") -> Setup:
    made = setup.client(1)
    made.verify = "optional"
    made.http.append(_BACKEND)
    made.server += server
    made.location = location
    return made


def _rewritten() -> Setup:
    made = _site(f"location /admin/ {{\n    rewrite ^/admin/(.*)$ /$1 break;\n    {_GUARD}\n    {_APP}\n}}")
    made.visits = [made.visit(CLIENT, path="/admin/x"), made.visit(NOBODY, path="/admin/x")]
    return made


def _by_suffix() -> Setup:
    made = _site(f"location /admin/ {{\n    {_GUARD}\n    root html;\n}}", f"location ~ \\.php$ {{\n    {_APP}\n}}")
    made.visits = [made.visit(CLIENT, path="/admin/x.php"), made.visit(NOBODY, path="/admin/x.php")]
    return made


def _as_sent() -> Setup:
    closed = "set $closed 1;\nif ($ssl_client_verify = SUCCESS) {\n    set $closed 0;\n}"
    excepted = "if ($request_uri ~ ^/health) {\n    set $closed 0;\n}\nif ($closed) {\n    return 403;\n}"
    made = _site(closed, excepted, location=_APP)
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, path="/health/../x")]
    return made


def _page_of_the_backend() -> Setup:
    """Without "=" the status stays 400, and the backend has answered all the same."""
    made = _site("error_page 495 496 @app;", f"location @app {{\n    {_APP}\n}}", location=_APP)
    made.verify = "on"
    made.visits = [made.visit(CLIENT), made.visit(NOBODY)]
    return made


def _said_address() -> Setup:
    made = _site("if ($allowed = 0) {\n    return 403;\n}", location=_APP)
    made.http += ["geo $http_x_forwarded_for $lan {\n    default 0;\n    10.0.0.0/8 1;\n}", _ALLOWED]
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, headers=(("X-Forwarded-For", "10.1.2.3"),))]
    return made


def _believed_address() -> Setup:
    made = _said_address()
    made.http[1] = "geo $lan {\n    default 0;\n    10.0.0.0/8 1;\n}"
    made.server.append("set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;")
    return made


def _name_alone() -> Setup:
    made = _site('if ($ssl_client_s_dn = "") {\n    return 403;\n}', location=_APP)
    made.verify = "optional_no_ca"
    made.visits = [made.visit(CLIENT), made.visit(STRANGER)]
    return made


def _kept_from_it(seen: Performance) -> bool:
    """The client has the application, and nobody else has; under whatever status."""
    others = [result for name, result in seen.results.items() if not name.startswith(CLIENT)]
    served = seen.start is None and b"application" in seen.results[CLIENT].body
    return served and not any(b"application" in result.body for result in others)


_WITH_GEO = since(1, 22, 1)
"""Debian's small build of 1.18 has no geo."""

GUARDS = (
    hole(
        "anybody without a certificate: a rewrite ends the block before its check",
        "optional-not-enforced", "rewritten", _rewritten, _kept_from_it,
    ),
    hole(
        "anybody without a certificate: a location for a suffix answers what a prefix checks",
        "optional-not-enforced", "suffix", _by_suffix, _kept_from_it,
    ),
    hole(
        "anybody without a certificate: an exception is made for a path as it was sent, with dots in it",
        "optional-not-enforced", "as-sent", _as_sent, _kept_from_it,
    ),
    hole(
        "anybody without a certificate: the page for the refusal is the backend's, and only the status stays",
        "error-page-495-bypass", "backend", _page_of_the_backend, _kept_from_it,
    ),
    hole(
        "anybody who says to come from within: the check asks a header for the address",
        "header-spoofable", "said-address", _said_address, _kept_from_it, arises=_WITH_GEO,
    ),
    hole(
        "anybody who says to come from within: real_ip_header is believed of everybody",
        "header-spoofable", "believed-address", _believed_address, _kept_from_it, arises=_WITH_GEO,
    ),
    hole(
        "anybody with a certificate of their own making, where the check asks for a name alone",
        "optional-not-enforced", "name-alone", _name_alone, _kept_from_it,
    ),
)  # fmt: skip
