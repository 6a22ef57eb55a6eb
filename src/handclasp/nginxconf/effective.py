"""What holds in each server: a tree of directives turned into settings, by nginx's rules of inheritance and its defaults."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from handclasp.model.nginx import (
    EffectiveConfig,
    ErrorLog,
    Listen,
    MapBlock,
    MapEntry,
    NginxVersion,
    Setting,
    TlsServer,
    UpstreamBlock,
    VerifyClient,
)
from handclasp.nginxconf.effective_location import locations
from handclasp.nginxconf.effective_steps import access, error_pages, scripted, steps
from handclasp.nginxconf.effective_upstream import stream_location, upstream_block
from handclasp.nginxconf.listen import DEFAULT, listens
from handclasp.nginxconf.protocols import default_protocols
from handclasp.nginxconf.scope import Scope
from handclasp.nginxconf.tree import ConfigTree, Directive, named

DEFAULT_CIPHERS = "HIGH:!aNULL:!MD5"
SSL_ON_REMOVED = NginxVersion(1, 25, 1)

_DEFAULT_LOGS: Setting[tuple[ErrorLog, ...]] = Setting((ErrorLog(path=""),))
_OF_GEO = frozenset({"include", "delete", "ranges", "proxy", "proxy_recursive"})
_EVERYBODY = frozenset({"0.0.0.0/0", "::/0", "0/0"})
_VERIFY = {item.value: item for item in VerifyClient} | {"ask": VerifyClient.OPTIONAL}


@lru_cache(maxsize=2)  # trees are compared by identity, and kept as long: one at hand, and one after an edit
def effective(tree: ConfigTree, version: NginxVersion) -> EffectiveConfig:
    """Every http and stream server of a configuration with what holds in it.

    Never raises: what nginx would refuse counts as its default, and `start_faults` says so.
    """
    main = Scope(tree.directives, conf_dir=tree.conf_dir, prefix=tree.prefix)
    servers: list[TlsServer] = []
    blocks: list[UpstreamBlock] = []
    maps: list[MapBlock] = []
    for module in named(tree.directives, "http", "stream"):
        found, upstreams, tables = _module(main.inner(module), module.name, version)
        servers += found
        blocks += upstreams
        maps += tables
    return EffectiveConfig(
        servers=tuple(servers),
        files=tree.files,
        error_logs=_error_logs(main),
        pid=main.first("pid", None, lambda args: main.log_path("".join(args[:1]))),
        upstreams=tuple(blocks),
        maps=tuple(maps),
    )


def _module(scope: Scope, context: str, version: NginxVersion) -> tuple[list[TlsServer], list[UpstreamBlock], list[MapBlock]]:
    """One http{} or stream{}."""
    blocks = [upstream_block(item, context, version) for item in scope.mine("upstream")]
    by_name = {block.name: block for block in blocks}
    servers = [
        _server(item, scope.inner(item), context, version, by_name)
        for item in scope.mine("server")
        if item.children is not None
    ]
    return _share_sockets(servers), blocks, _maps(scope, context)


def _server(block: Directive, scope: Scope, context: str, version: NginxVersion, blocks: dict[str, UpstreamBlock]) -> TlsServer:
    inside = locations(scope, version, blocks) if context == "http" else stream_location(scope, version, blocks)
    return TlsServer(
        context=context,
        names=tuple(name.lower() if name[:1] != "~" else name for item in scope.mine("server_name") for name in item.args),
        listens=_listens(block, scope, version),
        verify_client=scope.first(
            "ssl_verify_client", VerifyClient.OFF, lambda args: _VERIFY.get("".join(args).lower(), VerifyClient.OFF)
        ),
        verify_depth=scope.number("ssl_verify_depth", 1),
        client_certificate=scope.path("ssl_client_certificate"),
        trusted_certificate=scope.path("ssl_trusted_certificate"),
        crl=scope.path("ssl_crl"),
        ocsp=scope.first("ssl_ocsp", "off", lambda args: "".join(args).lower()),
        session_cache=scope.text("ssl_session_cache", "none"),
        session_tickets=scope.flag("ssl_session_tickets", default=True),
        session_ticket_key=scope.paths("ssl_session_ticket_key"),
        session_timeout=scope.text("ssl_session_timeout", "5m"),
        protocols=scope.words("ssl_protocols", default_protocols(version)),
        ciphers=scope.text("ssl_ciphers", DEFAULT_CIPHERS),
        certificates=scope.paths("ssl_certificate"),
        certificate_keys=scope.paths("ssl_certificate_key"),
        reject_handshake=scope.flag("ssl_reject_handshake", default=False),
        error_logs=_error_logs(scope),
        error_pages=error_pages(scope),
        conf_commands=scope.listed("ssl_conf_command", command),
        locations=inside,
        origin=block.origin,
        ocsp_responder=scope.maybe("ssl_ocsp_responder"),
        resolver=scope.maybe("resolver"),
        early_data=scope.flag("ssl_early_data", default=False),
        address_header=_address_header(scope),
        merge_slashes=scope.flag("merge_slashes", default=True),
        underscores_in_headers=scope.flag("underscores_in_headers", default=False),
        ignore_invalid_headers=scope.flag("ignore_invalid_headers", default=True),
        steps=steps(scope.directives),
        access=access(scope),
        scripted=scripted(scope),
    )


def command(item: Directive) -> tuple[str, str]:
    """Name and value of a *_conf_command."""
    name, value = (*item.args, "", "")[:2]
    return name, value


def _listens(block: Directive, scope: Scope, version: NginxVersion) -> tuple[Listen, ...]:
    written = scope.mine("listen")
    found = [listen for item in written for listen in listens(item.args, item.origin)]
    if not written:
        found.extend(listens((DEFAULT,), block.origin))
    if version < SSL_ON_REMOVED and scope.flag("ssl", default=False).value:
        return tuple(replace(listen, ssl=True) for listen in found)
    return tuple(found)


def _share_sockets(servers: Iterable[TlsServer]) -> list[TlsServer]:
    """One socket is TLS (http2, proxy_protocol) for all its servers when one of them says so."""
    kept = list(servers)
    shared: dict[tuple[str, int, bool], list[bool]] = {}
    for listen in (listen for server in kept for listen in server.listens):
        options = shared.setdefault((listen.address, listen.port, listen.quic), [False, False, False])
        options[0] |= listen.ssl
        options[1] |= listen.http2
        options[2] |= listen.proxy_protocol
    return [_of_socket(server, tuple([_with(listen, shared) for listen in server.listens])) for server in kept]


def _of_socket(server: TlsServer, listens: tuple[Listen, ...]) -> TlsServer:
    return server if listens == server.listens else replace(server, listens=listens)


def _with(listen: Listen, shared: dict[tuple[str, int, bool], list[bool]]) -> Listen:
    ssl, http2, proxy_protocol = shared[listen.address, listen.port, listen.quic]
    if (listen.ssl, listen.http2, listen.proxy_protocol) == (ssl, http2, proxy_protocol):
        return listen
    return replace(listen, ssl=ssl, http2=http2, proxy_protocol=proxy_protocol)


def _error_logs(scope: Scope) -> Setting[tuple[ErrorLog, ...]]:
    found = scope.listed("error_log", lambda item: _error_log(scope, item.args))
    return found if found.value else _DEFAULT_LOGS


def _error_log(scope: Scope, args: tuple[str, ...]) -> ErrorLog:
    level = args[1] if len(args) > 1 else "error"
    return ErrorLog(path=scope.log_path("".join(args[:1])), level=level)


def _maps(scope: Scope, context: str) -> list[MapBlock]:
    return [_map(item, context) for item in scope.mine("map")] + [_geo(item, context) for item in scope.mine("geo")]


def _geo(block: Directive, context: str) -> MapBlock:
    source, variable = block.args[:2] if len(block.args) > 1 else ("$remote_addr", "".join(block.args))
    entries = tuple(
        MapEntry(pattern=item.name, value="".join(item.args[:1]), origin=item.origin)
        for item in block.block
        if item.args and item.name not in _OF_GEO
    )
    whole = not any(item.name in _OF_GEO for item in block.block)
    return MapBlock(
        context=context, source=source if whole else "", variable=variable.removeprefix("$"), entries=entries, networks=True,
        origin=block.origin,
    )  # fmt: skip


def _address_header(scope: Scope) -> Setting[str | None]:
    """The header of real_ip_header, where it is believed of everybody."""
    header = scope.first("real_ip_header", "X-Real-IP", lambda args: "".join(args[:1]))
    trusted = scope.listed("set_real_ip_from", lambda item: "".join(item.args[:1]))
    everybody = any(network in _EVERYBODY for network in trusted.value)
    return Setting(header.value, trusted.origin) if everybody and header.value != "proxy_protocol" else Setting(None)


def _map(block: Directive, context: str) -> MapBlock:
    source, variable = (*block.args, "", "")[:2]
    entries = tuple(
        MapEntry(pattern=item.name, value="".join(item.args[:1]), origin=item.origin)
        for item in block.block
        if item.args and item.name != "include"
    )
    return MapBlock(
        context=context, source=source, variable=variable.removeprefix("$"), entries=entries, origin=block.origin,
        hostnames=any(item.name == "hostnames" and not item.args for item in block.block),
    )  # fmt: skip
