"""From intent to nginx's text: a site behind client certificates, with the holes closed that tutorials leave open."""

from collections.abc import Iterable

from handclasp.model.errors import PolicyError
from handclasp.model.intent import SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_map, access_variable
from handclasp.nginxconf.render_pages import pages
from handclasp.nginxconf.render_upstream import location, upstream_block

OLDEST = NginxVersion(1, 18, 0)
_REJECTS_HANDSHAKE = NginxVersion(1, 19, 4)
_CONF_COMMAND = NginxVersion(1, 19, 4)
_SESSIONS_END = NginxVersion(1, 23, 2)
_HTTP2_DIRECTIVE = NginxVersion(1, 25, 1)

_LONGEST_KEY = 40

_CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)

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
    """The text of one site, to be included in http{}.

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
    name = words.slug(words.server_name(site.server_names[0]))
    parts = [_log_format(name), _sni_map(name, site.server_names)]
    if version < _SESSIONS_END:
        parts.append(_stale_map(name))
    if site.allow is not None:
        parts.append(access_map(name, site.allow, material.admitted))
    if site.upstream is not None:
        parts.append(upstream_block(name, site.upstream))
    if guard:
        parts.append(render_guard(site.listen, material, version, name=name))
    parts.append(_server(name, site, material, version))
    return "\n".join(parts)


def render_sites(sites: Iterable[tuple[SiteIntent, SiteMaterial]], version: NginxVersion) -> tuple[str, ...]:
    """One text per site, in order; each listen address gets its default server from the first site that uses it.

    Raises:
        PolicyError: as `render_site`, or two sites share their first server name.
    """
    guarded: set[tuple[str, int]] = set()
    seen: set[str] = set()
    texts = []
    for site, material in sites:
        _check(site, version)
        name = words.server_name(site.server_names[0])
        if name in seen:
            raise PolicyError(f"two sites have the first server name {name}", hint="give each site another first name")
        seen.add(name)
        fresh = tuple(pair for pair in dict.fromkeys(site.listen) if pair not in guarded)
        guarded.update(fresh)
        text = render_site(site, material, version, guard=False)
        texts.append(f"{render_guard(fresh, material, version, name=words.slug(name), log=False)}\n{text}" if fresh else text)
    return tuple(texts)


def render_guard(
    listen: tuple[tuple[str, int], ...], material: SiteMaterial, version: NginxVersion, *, name: str, log: bool = True
) -> str:
    """The default server of some listen addresses: it refuses whoever asks for no site, or for one that is not there.

    Args:
        listen: (address, port) pairs.
        material: the log paths; before nginx 1.19.4 also certificate and CAs.
        version: of nginx.
        name: the slug of the site that brings it.
        log: whether the site's log format stands before this text; without it requests are not logged.
    """
    refuse = _REJECT_HANDSHAKE if version >= _REJECTS_HANDSHAKE else _REFUSE_AFTER_HANDSHAKE + _trust(material)
    access = f"access_log {words.path(material.access_log, 'the access log')} handclasp_{name};" if log else "access_log off;"
    body = [
        *_listens(listen, version, default=True),
        'server_name "";',
        *refuse,
        *_tls(version),
        *_sessions(material),
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

_TLS = [
    "ssl_protocols TLSv1.2 TLSv1.3;",
    f"ssl_ciphers {_CIPHERS};",
    "ssl_prefer_server_ciphers off;",
    "# Early data can be replayed by a third party: never together with client certificates.",
    "ssl_early_data off;",
]


def _tls(version: NginxVersion) -> list[str]:
    if version < _CONF_COMMAND:
        return _TLS
    return [
        *_TLS,
        "# One of its own, because those from further out would be inherited, and can add CAs.",
        "ssl_conf_command MinProtocol TLSv1.2;",
    ]


def _check(site: SiteIntent, version: NginxVersion) -> None:
    if version < OLDEST:
        raise PolicyError(f"nginx {version} is too old to be configured safely", hint=f"use nginx {OLDEST} or newer")
    if not site.server_names:
        raise PolicyError("the site has no server name", hint="requests are matched by SNI: give --server-name")
    if not site.listen:
        raise PolicyError("the site has no listen address", hint="for example --listen '*:443'")


def _server(name: str, site: SiteIntent, material: SiteMaterial, version: NginxVersion) -> str:
    upstream: UpstreamIntent | None = site.upstream
    names = " ".join(dict.fromkeys(words.server_name(each) for each in site.server_names))
    body = [
        *_listens(site.listen, version, default=False),
        f"server_name {names};",
        "server_tokens off;",
        "",
        *_trust(material),
        "",
        *_tls(version),
        "",
        *_sessions(material),
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
    if version < _SESSIONS_END:
        body += ["", f"if ($handclasp_{name}_stale) {{ return 421; }}"]
    if site.allow is not None:
        body += ["", f'if ({access_variable(name)} = "") {{ return 403; }}']
    body += ["", *location(name, upstream, allow=site.allow is not None), "", *pages(name)]
    return _block("server", body)


def _listens(pairs: tuple[tuple[str, int], ...], version: NginxVersion, *, default: bool) -> list[str]:
    by_directive = version >= _HTTP2_DIRECTIVE
    options = " ssl" + ("" if by_directive else " http2") + (" default_server" if default else "")
    lines = [f"listen {words.listen(*pair)}{options};" for pair in dict.fromkeys(pairs)]
    return [*lines, "http2 on;"] if by_directive else lines


def _trust(material: SiteMaterial) -> list[str]:
    anchors = words.path(material.client_certificate, "the CA file")
    return [
        f"ssl_certificate {words.path(material.certificate, 'the certificate')};",
        f"ssl_certificate_key {words.path(material.certificate_key, 'the certificate key')};",
        "",
        "ssl_verify_client on;",
        "# Root and issuing CA: nginx needs the root, and clients are told both names to choose their certificate by.",
        f"ssl_client_certificate {anchors};",
        "# This is a second list of trusted CAs. Set here, so that one set for OCSP stapling further out lets nobody in.",
        f"ssl_trusted_certificate {anchors};",
        "# The number of CAs between client and root, at most.",
        f"ssl_verify_depth {max(1, material.verify_depth)};",
        "# One CRL for every CA, the root included: with one of them missing or expired every client is refused.",
        f"ssl_crl {words.path(material.crl, 'the CRL file')};",
    ]


def _sessions(material: SiteMaterial) -> list[str]:
    if material.session_epoch < 0:
        raise PolicyError("the session epoch is negative")
    return [
        "# A resumed session is not verified again. Tickets cannot be called back; cached sessions can: the zone is renamed",
        "# with every revocation, and sessions made before it are gone. The cache that counts is the default server's",
        "# (OpenSSL looks a session up before it knows the SNI), so both servers name the same one.",
        f"ssl_session_cache shared:handclasp_{material.session_epoch}:10m;",
        "ssl_session_tickets off;",
        "ssl_session_timeout 5m;",
    ]


def _log_format(name: str) -> str:
    fields = ["    '" + ("{" if not n else "") + f'"{key}":"{value}"' for n, (key, value) in enumerate(_LOG_FIELDS)]
    return f"log_format handclasp_{name} escape=json\n" + ",'\n".join(fields) + "}';\n"


def _sni_map(name: str, server_names: tuple[str, ...]) -> str:
    rows = [f"{_sni_key(words.server_name(each))} 1;" for each in dict.fromkeys(server_names)]
    return _block(f"map $ssl_server_name $handclasp_{name}_sni", ["hostnames;", "default 0;", *rows])


def _stale_map(name: str) -> str:
    """0 days remain on the last day and ever after: then only a full handshake, which looks at the date, is taken."""
    why = "# Before 1.23.2 each resumption of a TLS 1.3 session starts its timeout anew, past the end of the certificate.\n"
    return why + _block(f'map "$ssl_session_reused:$ssl_client_v_remain" $handclasp_{name}_stale', ["default 0;", "r:0 1;"])


def _sni_key(name: str) -> str:
    if len(name) <= _LONGEST_KEY:
        return name
    # A longer key needs a larger hash bucket, which only one place in http{} may set: an expression needs none.
    escaped = name.replace("*.", ".+.", 1).replace(".", r"\.").replace(r"\.+", ".+", 1)
    return words.literal(rf"~*\A{escaped}\z", "the server name")


def _block(head: str, lines: list[str]) -> str:
    inner = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"{head} {{\n{inner}\n}}\n"
