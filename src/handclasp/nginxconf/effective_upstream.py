"""nginx as a TLS client: the proxy_ssl_*, grpc_ssl_* and uwsgi_ssl_* that hold in a location, and upstream{} blocks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handclasp.model.nginx import Location, NginxVersion, Setting, TlsUpstream, UpstreamBlock
from handclasp.nginxconf.protocols import default_protocols
from handclasp.nginxconf.scope import Scope, number
from handclasp.nginxconf.tree import Directive, named

KEEPALIVE_BY_DEFAULT = NginxVersion(1, 29, 7)
"""From here on an upstream{} keeps 32 connections unless told otherwise, apart by location."""

_TLS_SCHEME = {"proxy": "https://", "grpc": "grpcs://", "uwsgi": "suwsgi://"}
_DEFAULT_PORT = {"proxy": "443", "grpc": "443", "uwsgi": "", "stream": ""}
_SCHEME = re.compile(r"[a-z]+://", re.IGNORECASE)
_SCHEME_BY_NAME = re.compile(r"\$(?:(\w+)|\{(\w+)\})(?=://)")


def upstream_block(block: Directive, context: str, version: NginxVersion) -> UpstreamBlock:
    """One upstream{} with its servers and its pool of idle connections."""
    by_default = context == "http" and version >= KEEPALIVE_BY_DEFAULT
    keepalive, local = Setting(32 if by_default else 0), by_default
    for item in named(block.block, "keepalive"):
        keepalive = Setting(number("".join(item.args[:1]), 0), item.origin)
        local = "local" in item.args
    return UpstreamBlock(
        context=context,
        name="".join(block.args[:1]),
        addresses=tuple(item.args[0] for item in named(block.block, "server") if item.args),
        by_script=any(item.name.startswith("balancer_by_lua") for item in block.block),
        keepalive=keepalive,
        keepalive_local=local,
        origin=block.origin,
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a *_pass points: `host` without its port, "" with variables."""

    host: str
    addresses: tuple[str, ...]
    block: UpstreamBlock | None


def is_tls(module: str, target: str) -> bool:
    """Whether a *_pass target is, or through variables may be, reached over TLS."""
    scheme = _TLS_SCHEME.get(module)
    if scheme is None:
        return False
    return target.lower().startswith(scheme) or ("$" in target and not _SCHEME.match(target))


def tls_upstream(
    scope: Scope, module: str, target: Setting[str | None], version: NginxVersion, blocks: Mapping[str, UpstreamBlock]
) -> TlsUpstream | None:
    """The TLS settings towards the target of a location's *_pass; None when it is not reached over TLS."""
    text = target.value or ""
    if not is_tls(module, _with_scheme(scope, text)):
        return None
    where = _resolved(text, _DEFAULT_PORT[module], blocks)
    return _settings(scope, module, Setting(text, target.origin), version, where)


def _with_scheme(scope: Scope, text: str) -> str:
    """The target with the scheme that `set` gives it, if it is always the same; else as it is written."""
    found = _SCHEME_BY_NAME.match(text)
    if found is None:
        return text
    name = f"${found[1] or found[2]}"
    values, around = set(), scope
    while True:
        values |= {"".join(item.args[1:2]) for item in _sets(around) if item.args[:1] == (name,)}
        if around.outer is None:
            break
        around = around.outer
    value = values.pop() if len(values) == 1 else "$"
    return text if "$" in value else value + text[found.end() :]


def _sets(scope: Scope) -> Iterator[Directive]:
    """Every `set` of a block, those under a condition too."""
    yield from scope.mine("set")
    for item in scope.mine("if"):
        yield from named(item.block, "set")


def stream_location(scope: Scope, version: NginxVersion, blocks: Mapping[str, UpstreamBlock]) -> tuple[Location, ...]:
    """A stream server's proxy_pass as one nameless location; () when it passes nothing on."""
    found = scope.mine("proxy_pass")
    if not found:
        return ()
    text, origin = "".join(found[0].args[:1]), found[0].origin
    upstream = None
    if scope.flag("proxy_ssl", default=False).value:
        upstream = _settings(scope, "proxy", Setting(text, origin), version, _resolved(text, "", blocks))
    return (
        Location(
            modifier="",
            path="",
            upstream=upstream,
            proxied=True,
            origin=origin,
            module="proxy",
            target=Setting(text, origin),
        ),
    )


def tls_settings(scope: Scope, module: str, version: NginxVersion) -> TlsUpstream:
    """The TLS settings that hold in a block for a proxying module, whatever its target."""
    return _settings(scope, module, Setting(""), version, _Target("", (), None))


def _resolved(text: str, default_port: str, blocks: Mapping[str, UpstreamBlock]) -> _Target:
    """The host and addresses of a target; an upstream{} stands for its servers."""
    if "$" in text:
        return _Target("", (), None)
    rest = _SCHEME.sub("", text, count=1)
    if rest.startswith("unix:"):
        return _Target("localhost", (":".join(rest.split(":")[:2]),), None)
    authority = rest.split("/", 1)[0]
    block = blocks.get(authority) or blocks.get(authority.lower())
    if block is not None:
        addresses = () if block.by_script else tuple(_with_port(address, "80") for address in block.addresses)
        return _Target(authority, addresses, block)
    host = authority.rpartition(":")[0] if _has_port(authority) else authority
    return _Target(host, (_with_port(authority, default_port),) if authority else (), None)


def _has_port(authority: str) -> bool:
    return ":" in authority.rpartition("]")[2]


def _with_port(authority: str, port: str) -> str:
    return authority if _has_port(authority) or not port or authority.startswith("unix:") else f"{authority}:{port}"


def _settings(scope: Scope, module: str, target: Setting[str], version: NginxVersion, where: _Target) -> TlsUpstream:
    ssl = f"{module}_ssl_"
    return TlsUpstream(
        module=module,
        target=target,
        addresses=where.addresses,
        verify=scope.flag(f"{ssl}verify", default=False),
        verify_depth=scope.number(f"{ssl}verify_depth", 1),
        trusted_certificate=scope.path(f"{ssl}trusted_certificate"),
        crl=scope.path(f"{ssl}crl"),
        name=_name(scope, f"{ssl}name", where),
        server_name=scope.flag(f"{ssl}server_name", default=False),
        certificate=_certificate(scope, f"{ssl}certificate"),
        certificate_key=_certificate(scope, f"{ssl}certificate_key"),
        protocols=scope.words(f"{ssl}protocols", default_protocols(version)),
        ciphers=scope.text(f"{ssl}ciphers", "DEFAULT"),
        session_reuse=scope.flag(f"{ssl}session_reuse", default=True),
        conf_commands=scope.listed(f"{ssl}conf_command", lambda item: ((*item.args, "", "")[0], (*item.args, "", "")[1])),
        block=where.block,
    )


def _name(scope: Scope, directive: str, where: _Target) -> Setting[str]:
    """The name as nginx compares it: its port goes; $proxy_host is the target's host. Other variables stay text."""
    written = scope.text(directive, "$proxy_host")
    name = written.value
    if where.host:
        name = name.replace("${proxy_host}", where.host).replace("$proxy_host", where.host)
    if "$" not in name and _has_port(name):
        name = name.rpartition(":")[0]
    return Setting(name, written.origin)


def _certificate(scope: Scope, directive: str) -> Setting[str | None]:
    found = scope.find(directive)
    if not found:
        return Setting(None)
    path = scope.certificate_path("".join(found[0].args[:1]))
    return Setting(path or None, found[0].origin)
