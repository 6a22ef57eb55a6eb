"""A site of stream{}: bytes behind client certificates (a database, a mail server, a broker).

stream{} has no status and no headers: who may not enter is let through the handshake and then cut off, and the upstream learns
nothing about the client. A list of people is kept by the choice of the upstream: whoever is not on it has none.
"""

from handclasp.model.errors import PolicyError
from handclasp.model.intent import SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_map, access_variable
from handclasp.nginxconf.render_tls import ocsp, policy_of, sessions, tls, trust
from handclasp.nginxconf.render_upstream import upstream_block
from handclasp.nginxconf.render_upstream_tls import SECURE, parts, upstream_tls

_OCSP = NginxVersion(1, 27, 2)
_LOG_FIELDS = (
    ("time", "$time_iso8601"),
    ("client", "$remote_addr"),
    ("port", "$remote_port"),
    ("sni", "$ssl_server_name"),
    ("status", "$status"),
    ("verify", "$ssl_client_verify"),
    ("serial", "$ssl_client_serial"),
    ("issuer", "$ssl_client_i_dn"),
    ("subject", "$ssl_client_s_dn"),
    ("tls", "$ssl_protocol"),
    ("session_reused", "$ssl_session_reused"),
    ("upstream", "$upstream_addr"),
    ("seconds", "$session_time"),
)


def render_stream(site: SiteIntent, material: SiteMaterial, version: NginxVersion) -> str:
    """The text of one site, to be included in stream{}.

    It is the only one on its addresses: before nginx 1.25.5 stream{} knows no names.

    Raises:
        PolicyError: what stream{} cannot do, or nginx would misread.
    """
    upstream = site.upstream
    if upstream is None:
        raise PolicyError("there is nothing to pass bytes on to", hint="give upstream = { url = ... }")
    for key in request_keys(site, upstream):
        refuse_request_key(key, upstream)
    if site.ocsp is not None and version < _OCSP:
        raise PolicyError(
            f"nginx {version} asks no OCSP responder in stream", hint=f"nginx {_OCSP} or newer does; use the CRLs"
        )
    name = words.slug(words.server_name(site.server_names[0]))
    found = [_log_format(name)]
    if site.allow is not None:
        found += [access_map(name, site.allow, material.admitted), _target_map(name)]
    found += [upstream_block(name, upstream), _server(name, site, upstream, material, version)]
    return "\n".join(found)


def request_keys(site: SiteIntent, upstream: UpstreamIntent) -> tuple[str, ...]:
    """The keys of handclasp.toml that were given and need requests to look at."""
    asked = {
        "path": site.paths,
        "free_from": site.free_from,
        "rate": site.rate,
        "upstream.websocket": upstream.websocket,
        "upstream.client_cert": upstream.client_cert,
    }
    return tuple(key for key, value in asked.items() if value)


def refuse_request_key(key: str, upstream: UpstreamIntent) -> None:
    """PolicyError: this key means nothing to bytes."""
    raise PolicyError(f"{upstream.url} gets bytes, and {key} is about requests", hint="leave it out, or use http://")


def _server(name: str, site: SiteIntent, upstream: UpstreamIntent, material: SiteMaterial, version: NginxVersion) -> str:
    scheme, host, _ = parts(upstream.url)
    target = f"handclasp_{name}" if site.allow is None else f"$handclasp_{name}_target"
    body = [
        *(f"listen {words.listen(*pair)} ssl;" for pair in dict.fromkeys(site.listen)),
        "",
        *trust(material),
        *ocsp(site.ocsp, material, version),
        "",
        *tls(policy_of(site), version, stream=True),
        "",
        *sessions(material, "stream_"),
        "",
        "# nginx tells why it refused a client certificate at level info, and nowhere else.",
        f"error_log {words.path(material.error_log, 'the error log')} info;",
        f"access_log {words.path(material.access_log, 'the access log')} handclasp_stream_{name};",
        "",
        f"proxy_pass {target};",
        "# A connection is judged once, when it is made: a dead one should not live on.",
        "proxy_socket_keepalive on;",
    ]
    if scheme in SECURE:
        body += ["", "proxy_ssl on;", *upstream_tls(upstream, host)]
    inner = "\n".join(f"    {line}" if line else "" for line in body)
    return f"server {{\n{inner}\n}}\n"


def _target_map(name: str) -> str:
    rows = ['    default "";', f"    ~. handclasp_{name};"]
    why = "# Who is on no list has no upstream: nginx closes the connection before the first byte.\n"
    return "\n".join((f"{why}map {access_variable(name)} $handclasp_{name}_target {{", *rows, "}", ""))


def _log_format(name: str) -> str:
    fields = ["    '" + ("{" if not n else "") + f'"{key}":"{value}"' for n, (key, value) in enumerate(_LOG_FIELDS)]
    return f"log_format handclasp_stream_{name} escape=json\n" + ",'\n".join(fields) + "}';\n"
