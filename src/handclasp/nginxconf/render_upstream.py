"""Where requests go, and what the application is told about the client."""

from urllib.parse import urlsplit

from handclasp.model.errors import PolicyError
from handclasp.model.intent import UpstreamIntent
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_variable
from handclasp.nginxconf.render_client_cert import client_cert_map

_IDENTITY = (
    ("X-Client-Verify", "$ssl_client_verify"),
    ("X-Client-Serial", "$ssl_client_serial"),
    ("X-Client-DN", "$ssl_client_s_dn"),
    ("X-Client-Issuer-DN", "$ssl_client_i_dn"),
)
_UNSHARED = (
    "# Answers may depend on who asks: one client's must not be kept for another.",
    "proxy_cache off;",
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


def upstream_maps(name: str, upstream: UpstreamIntent) -> str:
    """The upstream{} of one site, and the maps that its headers need. PolicyError for a URL that is not http(s)://host[:port]."""
    parts = [_upstream_block(name, upstream)]
    if upstream.websocket:
        parts.append(_websocket_map(name))
    if upstream.client_cert:
        parts.append(client_cert_map(name))
    return "\n".join(parts)


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


def _upstream_block(name: str, upstream: UpstreamIntent) -> str:
    scheme, host, port = _parts(upstream.url)
    why = (
        "# Of its own: nginx keeps TLS sessions and connections per upstream, so who shares one shares what was verified.\n"
        if scheme == "https"
        else ""
    )
    return f"{why}upstream handclasp_{name} {{\n    server {host}:{port};\n}}\n"


def location(name: str, upstream: UpstreamIntent | None, *, allow: bool) -> list[str]:
    """The one location of a site, as lines."""
    if upstream is None:
        return [
            "location / {",
            "    default_type text/plain;",
            '    return 200 "Handclasp: your client certificate is good.\\n";',
            "}",
        ]
    scheme, host, _ = _parts(upstream.url)
    body = [f"proxy_pass {scheme}://handclasp_{name};", "proxy_http_version 1.1;", *_UNSHARED, ""]
    body += _headers(name, upstream, _host_header(upstream, scheme, host), allow=allow)
    if scheme == "https":
        body += ["", *_upstream_tls(upstream, host)]
    return ["location / {", *(f"    {line}" if line else "" for line in body), "}"]


def _host_header(upstream: UpstreamIntent, scheme: str, host: str) -> str:
    # The upstream chooses its site by Host and its certificate by SNI: they have to agree.
    return words.host(upstream.name or host, "the upstream name") if scheme == "https" else "$host"


def _headers(name: str, upstream: UpstreamIntent, host: str, *, allow: bool) -> list[str]:
    given = [("Host", host), *_connection(name, upstream), *_FORWARDED, *_IDENTITY]
    if upstream.client_cert:
        given.append(("Client-Cert", f"$handclasp_{name}_cert"))
    if allow:
        given.append(("X-Client-Name", access_variable(name)))
    known = {header for header, _ in given}
    taken = [(header, "") for header in _NEVER_FROM_CLIENTS if header not in known]
    return [
        "# Every header that tells who the client is, is overwritten: otherwise the client could tell it itself. A location",
        "# that sets one header of its own inherits none of these, so they are repeated in each.",
        *(f"proxy_set_header {header} {value or _NOTHING};" for header, value in (*given, *taken)),
    ]


def _connection(name: str, upstream: UpstreamIntent) -> list[tuple[str, str]]:
    if not upstream.websocket:
        return [("Connection", "")]
    return [("Connection", f"$handclasp_{name}_connect"), ("Upgrade", f"$handclasp_{name}_upgrade")]


_NOTHING = '""'


def _upstream_tls(upstream: UpstreamIntent, host: str) -> list[str]:
    if upstream.trusted_certificate is None:
        raise PolicyError(
            f"{upstream.url} is https, but no CA is given to verify it with: anybody on the way could answer",
            hint="give --upstream-ca FILE, a PEM file with the upstream's root",
        )
    if words.is_ip(upstream.name or host):
        raise PolicyError(
            f"{upstream.url} names an IP address, and nginx compares certificates with DNS names only",
            hint="give the name that is in the upstream's certificate: --upstream-name NAME",
        )
    if upstream.verify_depth < 0:
        raise PolicyError("the upstream's verify depth is negative")
    return [
        "# None of this is on by itself: without it any certificate would do.",
        "proxy_ssl_verify on;",
        f"proxy_ssl_trusted_certificate {words.path(upstream.trusted_certificate, 'the upstream CA file')};",
        f"proxy_ssl_verify_depth {max(1, upstream.verify_depth)};",
        f"proxy_ssl_name {words.host(upstream.name or host, 'the upstream name')};",
        "proxy_ssl_server_name on;",
        "proxy_ssl_protocols TLSv1.2 TLSv1.3;",
        "# A resumed session is not verified again.",
        "proxy_ssl_session_reuse off;",
        *_client_certificate(upstream),
    ]


def _client_certificate(upstream: UpstreamIntent) -> list[str]:
    lines = []
    if upstream.crl is not None:
        lines.append(f"proxy_ssl_crl {words.path(upstream.crl, 'the upstream CRL file')};")
    if (upstream.certificate is None) != (upstream.certificate_key is None):
        raise PolicyError("a certificate for the upstream needs its key, and the key its certificate")
    if upstream.certificate is not None and upstream.certificate_key is not None:
        lines += [
            "# With this nginx tells the upstream who it is.",
            f"proxy_ssl_certificate {words.path(upstream.certificate, 'the certificate for the upstream')};",
            f"proxy_ssl_certificate_key {words.path(upstream.certificate_key, 'the key for the upstream')};",
        ]
    return lines


def _parts(url: str) -> tuple[str, str, int]:
    """Scheme, host as nginx writes it, port."""
    refusal = PolicyError(
        f"the upstream {url[:120]!r} is not of the form http://host:port or https://host:port",
        hint="without path, query or user; nginx passes the path of the request on as it is",
    )
    try:
        split = urlsplit(url)
        port = split.port or {"http": 80, "https": 443}[split.scheme]
    except (ValueError, KeyError):
        raise refusal from None
    if not split.hostname or split.path not in {"", "/"} or split.query or split.fragment or "@" in split.netloc:
        raise refusal
    if split.port == 0 or "?" in url or "#" in url:
        raise refusal
    if ":" in split.hostname:
        return split.scheme, words.listen(split.hostname, port).rpartition(":")[0], port
    return split.scheme, words.host(split.hostname, "the upstream's host"), port
