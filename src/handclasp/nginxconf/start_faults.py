"""What nginx refuses at start because of its TLS settings, in its own words, without running it.

nginx stops at the first fault. All are given here, in nginx's order: first what it finds while reading, in file order; then, at
the end of http{}, the TLS settings of every server, those of every proxied location (proxy, uwsgi, grpc), and the listening
sockets; stream{} checks its proxies before its servers.
"""

from collections.abc import Iterator, Mapping

from handclasp.catalogue import stock_directives as stock
from handclasp.model.evidence import ENCRYPTED, NO_KEY, Evidence
from handclasp.model.nginx import EffectiveConfig, NginxVersion, StartFault, TlsServer
from handclasp.model.origin import Origin
from handclasp.nginxconf.dump import is_dump
from handclasp.nginxconf.fault_balancing import none_but_backups
from handclasp.nginxconf.fault_buffers import buffer_faults
from handclasp.nginxconf.fault_directives import STREAM_VIRTUAL_SERVERS, DirectiveFaults
from handclasp.nginxconf.fault_files import StartFiles
from handclasp.nginxconf.fault_layout import STREAM_MAY_DO_NOTHING, twice, unfit_names, unhandled
from handclasp.nginxconf.fault_passes import without_port
from handclasp.nginxconf.fault_servers import (
    Blocks,
    server_faults,
    socket_faults,
    stream_server_faults,
)
from handclasp.nginxconf.fault_upstreams import upstream_faults
from handclasp.nginxconf.fault_variables import broken_parameters, unknown_variables
from handclasp.nginxconf.fault_zones import undeclared_caches, undeclared_limits
from handclasp.nginxconf.scope import Scope
from handclasp.nginxconf.tree import ConfigTree, Directive, decode, inside, named

DEFAULT_LEVEL = 2
_PROXY_MODULES = ("proxy", "uwsgi", "grpc")


def start_faults(
    tree: ConfigTree,
    config: EffectiveConfig,
    files: Mapping[str, bytes | None],
    keys: Mapping[str, bytes],
    version: NginxVersion,
    openssl: str,
    *,
    security_level: int | None = None,
) -> tuple[StartFault, ...]:
    """Why nginx would refuse this configuration; () when nothing is found.

    Args:
        tree: the configuration.
        config: its effective settings, of the same version.
        files: bytes of certificates, CRLs and the like by absolute path; None: it does not exist; not in it: unknown.
        keys: DER SubjectPublicKeyInfo of private keys by path, to find keys that do not belong to their certificate.
        version: of nginx.
        openssl: what it runs with, a series or a full version; decides the words in brackets.
        security_level: OpenSSL's, where no cipher list sets one; default 2, as on Debian.
    """
    level = DEFAULT_LEVEL if security_level is None else security_level
    known = StartFiles(files=files, keys=keys, version=version, openssl=openssl, level=level)
    return tuple(_faults(tree, config, known))


def evidence_faults(
    evidence: Evidence, tree: ConfigTree, config: EffectiveConfig, version: NginxVersion, openssl: str
) -> tuple[StartFault, ...]:
    """As `start_faults`, for the files of saved or gathered evidence.

    A file that this user may not read is unknown, not missing: nginx reads it as root. So is one that a dump names, which may
    come from another machine.
    """
    dump = evidence.root is not None and is_dump(decode(evidence.files.get(evidence.root) or b""))
    files = {
        path: content for path, content in evidence.files.items() if content is not None or path not in evidence.unreadable
    }
    if not dump:
        files |= {path: None for path, reason in evidence.unreadable.items() if "No such file" in reason}
    shut = {path: reason for path, reason in evidence.unreadable.items() if reason in {ENCRYPTED, NO_KEY}}
    level = DEFAULT_LEVEL if evidence.security_level is None else evidence.security_level
    known = StartFiles(files=files, keys=evidence.keys, version=version, openssl=openssl, level=level, shut=shut)
    return tuple(_faults(tree, config, known))


def _faults(tree: ConfigTree, config: EffectiveConfig, known: StartFiles) -> Iterator[StartFault]:
    reading = DirectiveFaults(known, tree)
    main = Scope(tree.directives, conf_dir=tree.conf_dir, prefix=tree.prefix)
    seen: set[str] = set()
    by_origin = {server.origin: server for server in config.servers}
    for item in tree.directives:
        yield from reading.one(item, "main", seen, set())
        if item.name in {"http", "stream"} and item.children is not None:
            yield from none_but_backups(item)
            yield from () if tree.part or reading.foreign else without_port(item)
            yield from _merged(item, main.inner(item), by_origin, known)
            if not (tree.part or reading.foreign) and reading.version <= stock.NEWEST:
                yield from unknown_variables(item)
            if item.name == "http":
                yield from unfit_names(config)
    if not any(item.name == "events" for item in tree.directives):
        # Its last look at the whole, before any file is opened for writing.
        words = 'no "events" section in configuration'
        yield StartFault(message=words, origin=Origin(tree.root, 1), directive="events")
    for module in () if tree.part or reading.foreign else named(tree.directives, "http", "stream"):
        yield from undeclared_limits(module)


def _merged(module: Directive, scope: Scope, by_origin: Mapping[Origin, TlsServer], known: StartFiles) -> Iterator[StartFault]:
    """What is found when the blocks of a module are merged, after its closing brace."""
    blocks: Blocks = [
        (item, scope.inner(item), by_origin[item.origin]) for item in scope.mine("server") if item.origin in by_origin
    ]
    if module.name == "stream":
        if known.version < STREAM_MAY_DO_NOTHING:
            yield from unhandled(item for item, _, _ in blocks)
        for _, inside, _server in blocks:
            yield from upstream_faults(inside, "stream", known)
        if known.version < STREAM_VIRTUAL_SERVERS:
            for block in blocks:
                yield from stream_server_faults(*block, module, known)
            return
    for block in blocks:
        yield from server_faults(*block, module, known)
    if module.name == "http":
        yield from _merged_locations(module, blocks, known)
    yield from socket_faults(blocks)


def _merged_locations(module: Directive, blocks: Blocks, known: StartFiles) -> Iterator[StartFault]:
    """What http{} says of its locations."""
    written = {item.values[0] for item in inside(module)}
    yield from broken_parameters(module)
    for name in _PROXY_MODULES:
        for _, scope, _server in blocks if f"{name}_pass" in written else ():
            yield from upstream_faults(scope, name, known)
    if any(name.endswith(("_buffers", "_buffer_size", "_buffers_size", "_file_size", "_write_size")) for name in written):
        yield from buffer_faults(module)
    yield from undeclared_caches(module)
    yield from twice(item for item, _, _ in blocks)
