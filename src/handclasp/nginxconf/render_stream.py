"""A site of stream{}: bytes behind client certificates (a database, a mail server, a broker).

stream{} has no status and no headers: who may not enter is let through the handshake and then cut off, and the upstream learns
nothing about the client. A list of people is kept by the choice of the upstream: whoever is not on it has none.
"""

from handclasp.model.errors import PolicyError
from handclasp.model.intent import SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_map, access_variable, issuer_map
from handclasp.nginxconf.render_tls import SESSIONS_END, ocsp, policy_of, sessions, stale_map, tls, trust
from handclasp.nginxconf.render_upstream import upstream_block
from handclasp.nginxconf.render_upstream_tls import SECURE, parts, upstream_tls

Address = tuple[str, int]

NAMES = NginxVersion(1, 25, 5)
"""From here on stream{} has server_name, default_server and ssl_reject_handshake."""

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


def render_stream(
    site: SiteIntent,
    material: SiteMaterial,
    version: NginxVersion,
    *,
    named: tuple[Address, ...] = (),
    guarded: tuple[Address, ...] = (),
) -> str:
    """The text of one site, to be included in stream{}.

    Args:
        site: what is wanted.
        material: files and facts.
        version: of the nginx that will read it.
        named: its addresses that other sites listen on too: there the SNI tells them apart, and whoever sends none is refused.
            Where it is alone nobody is asked for a name.
        guarded: those of `named` that get their default server from this text.

    Raises:
        PolicyError: what stream{} cannot do, or nginx would misread.
    """
    upstream = _upstream(site)
    alone = tuple(pair for pair in dict.fromkeys(site.listen) if pair not in named)
    shared = tuple(pair for pair in dict.fromkeys(site.listen) if pair in named)
    _check(site, upstream, version, shared=bool(shared))
    name = words.slug(words.server_name(site.server_names[0]))
    found = [_log_format(name), *_access(name, site, material, version), upstream_block(name, upstream)]
    if guarded:
        found.append(_guard(guarded, site, material, version))
    names = tuple(dict.fromkeys(words.server_name(each) for each in site.server_names))
    # A server that has names asks for one on each of its addresses: where the site is alone another server stands.
    kinds = ((shared, names), (alone, ()))
    found += [_server(name, pairs, site, material, version, names=called) for pairs, called in kinds if pairs]
    return "\n".join(found)


def _check(site: SiteIntent, upstream: UpstreamIntent, version: NginxVersion, *, shared: bool) -> None:
    for key in request_keys(site, upstream):
        refuse_request_key(key, upstream)
    if site.ocsp is not None and version < _OCSP:
        raise PolicyError(
            f"nginx {version} asks no OCSP responder in stream", hint=f"nginx {_OCSP} or newer does; use the CRLs"
        )
    if shared and version < NAMES:
        raise PolicyError(
            f"this nginx ({version}) cannot tell sites that pass bytes apart by name",
            hint=f"nginx {NAMES} or newer can: use it, or give each of these sites an address or a port of its own",
        )


def _access(name: str, site: SiteIntent, material: SiteMaterial, version: NginxVersion) -> list[str]:
    """Who has an upstream, as maps; none where that is every client of the CA, at any time."""
    stale = [stale_map(name)] if version < SESSIONS_END else []
    if site.allow is not None:
        asked = [access_map(name, site.allow, material.admitted)]
        target = _target_map(name, access_variable(name), "~^0:." if stale else "~.", stale=bool(stale))
    elif material.issuers:
        asked = [issuer_map(name, material.issuers, optional=False)]
        target = _target_map(name, f"$handclasp_{name}_ours", "0:1" if stale else "1", stale=bool(stale))
    elif stale:
        asked, target = [], _target_map(name, "", "0:", stale=True)
    else:
        return []
    return [*stale, *asked, target]


def _guard(listen: tuple[Address, ...], site: SiteIntent, material: SiteMaterial, version: NginxVersion) -> str:
    """The default server of addresses that several sites share: it ends the handshake of whoever names none of them."""
    body = [
        *(f"listen {words.listen(*pair)} ssl default_server;" for pair in listen),
        'server_name "";',
        "ssl_reject_handshake on;",
        "",
        *tls(policy_of(site), version, stream=True),
        "",
        *sessions(material, "stream_"),
        "",
        f"error_log {words.path(material.error_log, 'the error log')} info;",
        'return "";',
    ]
    return "# Here the SNI chooses the site. Whoever sends none, or an unknown one, reaches nobody.\n" + _block(body)


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


def _server(
    name: str,
    listen: tuple[Address, ...],
    site: SiteIntent,
    material: SiteMaterial,
    version: NginxVersion,
    *,
    names: tuple[str, ...],
) -> str:
    upstream = _upstream(site)
    scheme, host, _ = parts(upstream.url)
    open_to_all = site.allow is None and not material.issuers and version >= SESSIONS_END
    target = f"handclasp_{name}" if open_to_all else f"$handclasp_{name}_target"
    body = [
        *(f"listen {words.listen(*pair)} ssl;" for pair in listen),
        *([f"server_name {' '.join(names)};"] if names else []),
        "",
        *trust(material),
        *ocsp(site.ocsp, material, version, "stream_"),
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
    return _block(body)


def _upstream(site: SiteIntent) -> UpstreamIntent:
    if site.upstream is None:
        raise PolicyError("there is nothing to pass bytes on to", hint="give upstream = { url = ... }")
    return site.upstream


def _block(body: list[str]) -> str:
    inner = "\n".join(f"    {line}" if line else "" for line in body)
    return f"server {{\n{inner}\n}}\n"


def _target_map(name: str, variable: str, enters: str, *, stale: bool) -> str:
    source = f'"$handclasp_{name}_stale:{variable}"' if stale else variable
    rows = ['    default "";', f"    {enters} handclasp_{name};"]
    why = "# Who may not enter has no upstream: nginx closes the connection before the first byte.\n"
    return "\n".join((f"{why}map {source} $handclasp_{name}_target {{", *rows, "}", ""))


def _log_format(name: str) -> str:
    fields = ["    '" + ("{" if not n else "") + f'"{key}":"{value}"' for n, (key, value) in enumerate(_LOG_FIELDS)]
    return f"log_format handclasp_stream_{name} escape=json\n" + ",'\n".join(fields) + "}';\n"
