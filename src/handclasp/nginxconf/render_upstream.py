"""Where requests go, and what the application is told about the client."""

from handclasp.model.errors import PolicyError
from handclasp.model.intent import GRPC_SCHEMES, UpstreamIntent
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_variable
from handclasp.nginxconf.render_client_cert import client_cert_map
from handclasp.nginxconf.render_upstream_tls import SECURE, parts, server_of, upstream_tls

_IDENTITY = (
    ("X-Client-Verify", "$ssl_client_verify"),
    ("X-Client-Serial", "$ssl_client_serial"),
    ("X-Client-DN", "$ssl_client_s_dn"),
    ("X-Client-Issuer-DN", "$ssl_client_i_dn"),
)
_REQUESTS = (
    "proxy_http_version 1.1;",
    "# Answers may depend on who asks: one client's must not be kept for another.",
    "proxy_cache off;",
)
_CALLS = (
    "# A call lasts as long as both sides like, and its messages are one body.",
    "grpc_read_timeout 1h;",
    "grpc_send_timeout 1h;",
    "client_max_body_size 0;",
)
_FORWARDED = (
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Forwarded-Host", "$host"),
    ("X-Forwarded-Proto", "$scheme"),
)
# Names by which applications take somebody's word for who the client is (RFC 9440, Envoy, ingress-nginx, Apache, SSO proxies).
_NEVER_FROM_CLIENTS = (
    "Client-Cert",
    "Client-Cert-Chain",
    "Forwarded",
    "Remote-User",
    "SSL-Client-Cert",
    "SSL-Client-S-DN",
    "SSL-Client-Subject-DN",
    "SSL-Client-Verify",
    "X-Client-Cert",
    "X-Client-Name",
    "X-Client-Subject-DN",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-User",
    "X-Remote-User",
    "X-SSL-Cert",
    "X-SSL-Client-Cert",
    "X-SSL-Client-DN",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-Serial",
    "X-SSL-Client-Verify",
)
SPOKEN_HEADERS = tuple(
    dict.fromkeys(
        ("X-Client-Name", *(name for name, _ in (*_IDENTITY, *_FORWARDED)), *_NEVER_FROM_CLIENTS),
    )
)
"""Headers by which a service is told who the client is: none of them is ever what a client wrote."""

_NOTHING = '""'


def upstream_maps(name: str, upstream: UpstreamIntent) -> str:
    """The upstream{} of one site, and the maps that its headers need. PolicyError for a URL that is not http(s)://host[:port]."""
    found = [upstream_block(name, upstream)]
    if upstream.websocket:
        if upstream.url.startswith("grpc"):
            raise PolicyError("there is no WebSocket on the way to a gRPC service", hint="leave websocket out")
        found.append(_websocket_map(name))
    if upstream.client_cert:
        found.append(client_cert_map(name))
    return "\n".join(found)


def _websocket_map(name: str) -> str:
    """Only WebSocket: a connection upgraded to h2c would carry requests that nginx never sees."""
    return (
        f"map $http_upgrade $handclasp_{name}_upgrade {{\n"
        '    default "";\n'
        f"    {words.literal(f'~*{_ANCHORED}', 'it')} websocket;\n"
        "}\n"
        f"map $handclasp_{name}_upgrade $handclasp_{name}_connect {{\n"
        '    default "";\n'
        "    websocket upgrade;\n"
        "}\n"
    )


_ANCHORED = r"\Awebsocket\z"


def upstream_block(name: str, upstream: UpstreamIntent) -> str:
    """The upstream{} of one site."""
    scheme, _, _ = parts(upstream.url)
    why = (
        "# Of its own: nginx keeps TLS sessions and connections per upstream, so who shares one shares what was verified.\n"
        if scheme in SECURE
        else ""
    )
    return f"{why}upstream handclasp_{name} {{\n    server {server_of(upstream.url)};\n}}\n"


def location(name: str, upstream: UpstreamIntent | None, *, allow: bool) -> list[str]:
    """Where the requests of a site end, as lines."""
    if upstream is None:
        return [
            "location / {",
            "    # A return here would answer before any limit is counted. There is no such file, so the answer is below.",
            f"    try_files /.handclasp_{name} @handclasp_{name}_answer;",
            "}",
            f"location @handclasp_{name}_answer {{",
            "    default_type text/plain;",
            '    return 200 "Handclasp: your client certificate is good.\\n";',
            "}",
        ]
    scheme, host, _ = parts(upstream.url)
    module = "grpc" if scheme in GRPC_SCHEMES else "proxy"
    body = [f"{module}_pass {scheme}://handclasp_{name};", *(_CALLS if module == "grpc" else _REQUESTS), ""]
    body += _headers(name, upstream, _host_header(upstream, scheme, host), allow=allow, module=module)
    if scheme in SECURE:
        body += ["", *upstream_tls(upstream, host, module)]
    return ["location / {", *(f"    {line}" if line else "" for line in body), "}"]


def _host_header(upstream: UpstreamIntent, scheme: str, host: str) -> str:
    # The upstream chooses its site by Host and its certificate by SNI: they have to agree.
    return words.host(upstream.name or host, "the upstream name") if scheme in SECURE else "$host"


def _headers(name: str, upstream: UpstreamIntent, host: str, *, allow: bool, module: str) -> list[str]:
    connection = _connection(name, upstream) if module == "proxy" else []
    given = [("Host", host), *connection, *_FORWARDED, *_IDENTITY]
    if upstream.client_cert:
        given.append(("Client-Cert", f"$handclasp_{name}_cert"))
    if allow:
        given.append(("X-Client-Name", access_variable(name)))
    known = {header for header, _ in given}
    taken = [(header, "") for header in _NEVER_FROM_CLIENTS if header not in known]
    return [
        "# Every header that tells who the client is, is overwritten: otherwise the client could tell it itself. A location",
        "# that sets one header of its own inherits none of these, so they are repeated in each.",
        *(f"{module}_set_header {header} {value or _NOTHING};" for header, value in (*given, *taken)),
    ]


def _connection(name: str, upstream: UpstreamIntent) -> list[tuple[str, str]]:
    if not upstream.websocket:
        return [("Connection", "")]
    return [("Connection", f"$handclasp_{name}_connect"), ("Upgrade", f"$handclasp_{name}_upgrade")]
