"""From intent to nginx's text: a site behind client certificates, with the holes closed that tutorials leave open."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from handclasp.model.errors import PolicyError
from handclasp.model.intent import SiteIntent, SiteMaterial
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_map, access_variable, grant_map, issuer_map
from handclasp.nginxconf.render_limits import limit_zones, limits
from handclasp.nginxconf.render_pages import pages
from handclasp.nginxconf.render_stream import render_stream
from handclasp.nginxconf.render_tls import SESSIONS_END, ocsp, one_policy, policy_of, sessions, stale_map, tls, trust
from handclasp.nginxconf.render_upstream import location, upstream_maps
from handclasp.nginxconf.render_zones import grants, zone_guards, zone_maps

OLDEST = NginxVersion(1, 18, 0)
_REJECTS_HANDSHAKE = NginxVersion(1, 19, 4)
_HTTP2_DIRECTIVE = NginxVersion(1, 25, 1)

_LONGEST_KEY = 40

_LOG_FIELDS = (
    ("time", "$time_iso8601"),
    ("client", "$remote_addr"),
    ("sni", "$ssl_server_name"),
    ("host", "$host"),
    ("method", "$request_method"),
    ("uri", "$request_uri"),
    ("status", "$status"),
    ("verify", "$ssl_client_verify"),
    ("serial", "$ssl_client_serial"),
    ("issuer", "$ssl_client_i_dn"),
    ("subject", "$ssl_client_s_dn"),
    ("tls", "$ssl_protocol"),
    ("session_reused", "$ssl_session_reused"),
    ("upstream_status", "$upstream_status"),
    ("seconds", "$request_time"),
)


def render_site(site: SiteIntent, material: SiteMaterial, version: NginxVersion, *, guard: bool = True) -> str:
    """The text of one site, to be included in http{}; in stream{} when its upstream gets bytes (`SiteIntent.stream`).

    Args:
        site: what is wanted.
        material: files and facts. Paths as nginx will open them.
        version: of the nginx that will read it; 1.18.0 or newer.
        guard: also render the default server of the site's listen addresses (see `render_guard`). An nginx takes one default
            server per address, so of several sites on the same address only one brings it (`render_sites`). Behind somebody
            else's default server the site still refuses whoever asked for another one, but sessions live in that server's
            cache, and no epoch of ours ends them.

    Raises:
        PolicyError: a name, address or path that nginx would not read as what it is; an allow list with unknown names.
    """
    _check(site, version)
    if site.stream:
        return render_stream(site, material, version)
    name = words.slug(words.server_name(site.server_names[0]))
    parts = [_log_format(name), _sni_map(name, site.server_names)]
    if version < SESSIONS_END:
        parts.append(stale_map(name))
    parts.append(_access(name, site, material))
    if site.upstream is not None:
        parts.append(upstream_maps(name, site.upstream))
    if guard:
        parts.append(render_guard(site, material, version, name=name))
    parts.append(_server(name, site, material, version))
    return "\n".join(part for part in parts if part)


def render_sites(
    sites: Iterable[tuple[SiteIntent, SiteMaterial]],
    version: NginxVersion,
    *,
    defended: Callable[[tuple[str, int]], bool] = lambda _pair: True,
) -> tuple[str, ...]:
    """One text per site, in order; each listen address gets its default server from the first site that uses it.

    `defended` says which addresses get one: not those where somebody else has a server already.

    Raises:
        PolicyError: as `render_site`, or two sites share their first server name.
    """
    known = tuple(sites)
    shared = _shared_by_bytes(tuple(site for site, _ in known))
    one_policy([(site.server_names[0], site) for site, _ in known if site.server_names], version)
    guarded: set[tuple[str, int]] = set()
    seen: set[str] = set()
    texts = []
    for site, material in known:
        _check(site, version)
        name = words.server_name(site.server_names[0])
        if name in seen:
            raise PolicyError(f"two sites have the first server name {name}", hint="give each site another first name")
        seen.add(name)
        fresh = tuple(pair for pair in dict.fromkeys(site.listen) if pair not in guarded and defended(pair))
        guarded.update(fresh)
        if site.stream:
            own = tuple(pair for pair in fresh if pair in shared)
            texts.append(render_stream(site, material, version, named=shared, guarded=own))
            continue
        text = render_site(site, material, version, guard=False)
        guard = render_guard(replace(site, listen=fresh), material, version, name=words.slug(name), log=False) if fresh else ""
        texts.append(f"{guard}\n{text}" if guard else text)
    return tuple(texts)


def _shared_by_bytes(sites: tuple[SiteIntent, ...]) -> tuple[tuple[str, int], ...]:
    """The addresses of several sites of stream{}. PolicyError for one that sites of http{} and of stream{} both want."""
    owners: dict[tuple[str, int], SiteIntent] = {}
    shared: dict[tuple[str, int], None] = {}
    for site in sites:
        for pair in dict.fromkeys(site.listen):
            other = owners.setdefault(pair, site)
            if other.stream != site.stream:
                address = f"{pair[0]}:{pair[1]}"
                raise PolicyError(
                    f"{address} is asked for by {other.server_names[0]} and {site.server_names[0]}, and one of them gets bytes",
                    hint="a site with a tcp:// or tls:// upstream shares no address with one that gets requests",
                )
            if other is not site and site.stream:
                shared[pair] = None
    return tuple(shared)


def render_guard(site: SiteIntent, material: SiteMaterial, version: NginxVersion, *, name: str, log: bool = True) -> str:
    """The default server of some listen addresses: it refuses whoever asks for no site, or for one that is not there.

    Args:
        site: its listen addresses, and its TLS policy.
        material: the log paths; before nginx 1.19.4 also certificate and CAs.
        version: of nginx.
        name: the slug of the site that brings it.
        log: whether the site's log format stands before this text; without it requests are not logged.
    """
    refuse = _REJECT_HANDSHAKE if version >= _REJECTS_HANDSHAKE else _REFUSE_AFTER_HANDSHAKE + trust(material)
    access = f"access_log {words.path(material.access_log, 'the access log')} handclasp_{name};" if log else "access_log off;"
    body = [
        *_listens(site.listen, version, default=True),
        'server_name "";',
        *refuse,
        *tls(policy_of(site), version),
        *sessions(material),
        "server_tokens off;",
        f"error_log {words.path(material.error_log, 'the error log')} info;",
        access,
        "",
        "# A handshake with a good SNI can still end here through another Host header.",
        "return 421;",
    ]
    return (
        "# nginx chooses the CA by SNI but the site by Host. Whoever sends no SNI, or an unknown one, would get the CA of the\n"
        "# default server and could then ask for this site: so the default server lets nobody in.\n" + _block("server", body)
    )


_REJECT_HANDSHAKE = ["ssl_reject_handshake on;", ""]
_REFUSE_AFTER_HANDSHAKE = [
    "# This nginx cannot refuse the handshake itself (1.19.4 can): it verifies, and then answers nothing of use."
]


def _check(site: SiteIntent, version: NginxVersion) -> None:
    if version < OLDEST:
        raise PolicyError(f"nginx {version} is too old to be configured safely", hint=f"use nginx {OLDEST} or newer")
    if not site.server_names:
        raise PolicyError("the site has no server name", hint="requests are matched by SNI: give --server-name")
    if not site.listen:
        raise PolicyError("the site has no listen address", hint="for example --listen '*:443'")


def _server(name: str, site: SiteIntent, material: SiteMaterial, version: NginxVersion) -> str:
    names = " ".join(dict.fromkeys(words.server_name(each) for each in site.server_names))
    body = [
        *_listens(site.listen, version, default=False),
        f"server_name {names};",
        "server_tokens off;",
        "",
        *trust(material, optional=site.optional),
        *ocsp(site.ocsp, material, version),
        "",
        *tls(policy_of(site), version),
        "",
        *sessions(material),
        "",
        "# nginx tells why it refused a client certificate at level info, and nowhere else.",
        f"error_log {words.path(material.error_log, 'the error log')} info;",
        f"access_log {words.path(material.access_log, 'the access log')} handclasp_{name};",
        "",
        "# Some applications read X_Client_DN as X-Client-DN: such headers are dropped.",
        "underscores_in_headers off;",
        "ignore_invalid_headers on;",
        "",
        "# The site that was asked for in the handshake must be the site of the request.",
        f"if ($handclasp_{name}_sni = 0) {{ return 421; }}",
    ]
    if version < SESSIONS_END:
        body += ["", f"if ($handclasp_{name}_stale) {{ return 421; }}"]
    if material.issuers:
        body += ["", f"if ($handclasp_{name}_ours = 0) {{ return 403; }}"]
    if site.zoned:
        body += ["", *zone_guards(name, site)]
    elif site.allow is not None:
        body += ["", f'if ({access_variable(name)} = "") {{ return 403; }}']
    body += ["", *limits(name, site.rate)] if site.rate else []
    body += ["", *location(name, site.upstream, allow=site.listed is not None), "", *pages(name, grpc=site.grpc)]
    return _block("server", body)


def _listens(pairs: tuple[tuple[str, int], ...], version: NginxVersion, *, default: bool) -> list[str]:
    by_directive = version >= _HTTP2_DIRECTIVE
    options = " ssl" + ("" if by_directive else " http2") + (" default_server" if default else "")
    lines = [f"listen {words.listen(*pair)}{options};" for pair in dict.fromkeys(pairs)]
    return [*lines, "http2 on;"] if by_directive else lines


def _access(name: str, site: SiteIntent, material: SiteMaterial) -> str:
    """Who may enter, as maps; "" when that is every client of the CA."""
    parts = [issuer_map(name, material.issuers, optional=site.optional)] if material.issuers else []
    if site.listed is not None:
        parts.append(access_map(name, site.listed, material.admitted))
    if site.paths and site.listed is not None:
        parts.append(grant_map(name, {identity: grants(site, identity) for identity in site.listed}, material.admitted))
    if site.zoned:
        parts.append(zone_maps(name, site))
    parts.append(limit_zones(name, site))
    return "\n".join(part for part in parts if part)


def _log_format(name: str) -> str:
    fields = ["    '" + ("{" if not n else "") + f'"{key}":"{value}"' for n, (key, value) in enumerate(_LOG_FIELDS)]
    return f"log_format handclasp_{name} escape=json\n" + ",'\n".join(fields) + "}';\n"


def _sni_map(name: str, server_names: tuple[str, ...]) -> str:
    rows = [f"{_sni_key(words.server_name(each))} 1;" for each in dict.fromkeys(server_names)]
    return _block(f"map $ssl_server_name $handclasp_{name}_sni", ["hostnames;", "default 0;", *rows])


def _sni_key(name: str) -> str:
    if len(name) <= _LONGEST_KEY:
        return name
    # A longer key needs a larger hash bucket, which only one place in http{} may set: an expression needs none.
    escaped = name.replace("*.", ".+.", 1).replace(".", r"\.").replace(r"\.+", ".+", 1)
    return words.literal(rf"~*\A{escaped}\z", "the server name")


def _block(head: str, lines: list[str]) -> str:
    inner = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"{head} {{\n{inner}\n}}\n"
