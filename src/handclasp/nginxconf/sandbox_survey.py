"""What a configuration listens on, passes requests to, and needs keys for: what a copy of it must be given."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from handclasp.nginxconf import listen
from handclasp.nginxconf.tree import ConfigTree, Directive, named, walk

PASSES = ("proxy_pass", "grpc_pass")
"""Modules whose upstreams an nginx can stand in for."""

_URL = re.compile(
    r"""(?:(?P<scheme>[a-z]+)://)?
    (?P<authority> unix:[^:]* | \[[^\]]*\](?::[^/?]*)? | [^/?]*)
    (?P<rest>.*)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]", "*"})


@dataclass(frozen=True, slots=True, order=True)
class Socket:
    """A listen address of the original. `context`: http or stream; `port` 0 for a unix socket."""

    context: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """An upstream address as written, with its port. `module`: proxy, grpc or stream. Variables stay text."""

    address: str
    tls: bool
    module: str


@dataclass(frozen=True, slots=True, order=True)
class KeyPair:
    """A certificate and its private key by absolute path; `kind`: ssl, proxy_ssl, grpc_ssl ..."""

    certificate: str
    key: str
    kind: str = "ssl"


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a *_pass target."""

    scheme: str
    authority: str
    rest: str

    @property
    def tls(self) -> bool:
        """Whether the scheme is one of TLS."""
        return self.scheme in {"https", "grpcs"}

    @property
    def host(self) -> str:
        """The authority without its port; localhost for a unix socket, as $proxy_host has it."""
        if self.authority.startswith("unix:"):
            return "localhost"
        return self.authority.rpartition(":")[0] if ":" in self.authority.rpartition("]")[2] else self.authority

    @property
    def address(self) -> str:
        """The authority with its port."""
        if self.authority.startswith("unix:") or "$" in self.authority or ":" in self.authority.rpartition("]")[2]:
            return self.authority
        return f"{self.authority}:{'443' if self.tls else '80'}"


def parse_url(text: str) -> Url:
    """`https://host:port/uri` in its parts; without scheme for stream and gRPC."""
    found = _URL.fullmatch(text)
    if found is None or "$" in (found["scheme"] or ""):
        return Url("", text, "")
    rest = found["rest"].removeprefix(":") if found["authority"].startswith("unix:") else found["rest"]
    return Url((found["scheme"] or "").lower(), found["authority"], rest)


def sockets_of(tree: ConfigTree) -> tuple[Socket, ...]:
    """Every listen address of http{} and stream{}, in file order. A server that names none listens on *:80."""
    found: dict[Socket, None] = {}
    for context, server in servers(tree):
        directives = named(server.block, "listen")
        for item in directives:
            found.update((Socket(context, one.address, one.port), None) for one in listen.listens(item.args, item.origin))
        if not directives:
            found[Socket(context, "*", 80)] = None
    return tuple(found)


def proxied_sockets(tree: ConfigTree) -> frozenset[Socket]:
    """Those that expect a PROXY line before the handshake."""
    return frozenset(
        Socket(context, one.address, one.port)
        for context, server in servers(tree)
        for item in named(server.block, "listen")
        for one in listen.listens(item.args, item.origin)
        if one.proxy_protocol
    )


def servers(tree: ConfigTree) -> Iterator[tuple[str, Directive]]:
    """Every server{} with its context, http or stream."""
    for context in ("http", "stream"):
        for block in named(tree.directives, context):
            for server in named(block.block, "server"):
                yield context, server


def targets_of(tree: ConfigTree) -> tuple[Target, ...]:
    """Every upstream address: of upstream{} blocks, and of *_pass that name a host."""
    found: dict[Target, None] = {}
    for context in named(tree.directives, "http", "stream"):
        for block in named(context.block, "upstream"):
            found.update((target, None) for _, target in block_targets(context, block))
        for item, parents in walk(context.block):
            target = pass_target(item, (context, *parents)) if item.name in PASSES and item.args else None
            if target:
                found[target] = None
    return tuple(found)


def pass_target(item: Directive, parents: tuple[Directive, ...]) -> Target | None:
    """Where one *_pass goes; None when it goes to an upstream{}, by name or through a variable that may hold one."""
    url = parse_url(item.args[0])
    if upstream_named(parents[0], url.authority) is not None or ("$" in url.authority and _may_name(parents[0])):
        return None
    module, tls = _kind(item, parents)
    return Target(url.address, tls, module)


def block_targets(context: Directive, block: Directive) -> tuple[tuple[Directive, Target], ...]:
    """The servers of an upstream{} with their targets; how they are spoken to is what the first *_pass to it says."""
    module, tls = "stream" if context.name == "stream" else "proxy", False
    for item, parents in walk(context.block):
        if item.name in PASSES and item.args:
            authority = parse_url(item.args[0]).authority
            if upstream_named(context, authority) is block:
                module, tls = _kind(item, (context, *parents))
                break
            if "$" in authority:
                module, tls = _kind(item, (context, *parents))
    servers = (one for one in named(block.block, "server") if one.args)
    return tuple((one, Target(with_port(one.args[0]), tls, module)) for one in servers)


def _kind(item: Directive, parents: tuple[Directive, ...]) -> tuple[str, bool]:
    """The module of a *_pass and whether it speaks TLS."""
    if parents[0].name == "stream":
        return "stream", _stream_tls(parents)
    return item.name.partition("_")[0], parse_url(item.args[0]).tls


def _may_name(context: Directive) -> bool:
    """Whether some variable of this context is given the name of one of its upstream{} blocks."""
    names = {"".join(block.args[:1]).lower() for block in named(context.block, "upstream")}
    values = []
    for item, _ in walk(context.block):
        if item.name in {"map", "geo", "split_clients"}:
            values += [child.values[-1] for child in item.block]
        elif item.name == "set":
            values.append("".join(item.args[1:2]))
    return any(parse_url(value).authority.lower() in names for value in values)


def upstream_named(context: Directive, name: str) -> Directive | None:
    """The upstream{} of this name in http{} or stream{}."""
    blocks = named(context.block, "upstream")
    return next((block for block in blocks if "".join(block.args[:1]).lower() == name.lower()), None)


def with_port(address: str) -> str:
    """An address of an upstream{} with its port, 80 where none is written."""
    if address.startswith("unix:") or ":" in address.rpartition("]")[2]:
        return address
    return f"{address}:80"


def own_socket(target: Target, sockets: tuple[Socket, ...]) -> Socket | None:
    """The socket of the same configuration that an upstream address leads to, if any."""
    if target.address.startswith("unix:"):
        path = target.address.rstrip(":")
        return next((socket for socket in sockets if socket.address == path), None)
    if "$" in target.address:
        return None
    host, port, _ = listen.split_address(target.address)
    if host not in _LOCAL:
        return None
    fits = [socket for socket in sockets if socket.port == port and socket.address in {host, "*", "[::]"}]
    return next((socket for socket in fits if socket.address == host), fits[0] if fits else None)


def key_pairs(tree: ConfigTree) -> tuple[tuple[KeyPair, Directive, Directive], ...]:
    """Every pair of *ssl_certificate and *ssl_certificate_key, with their directives; those with variables are left out."""
    found = []
    for item, parents in walk(tree.directives):
        for kind in ("ssl", "proxy_ssl", "grpc_ssl", "uwsgi_ssl") if item.block else ():
            certificates = named(item.block, f"{kind}_certificate")
            if not certificates:
                continue  # an outer key is looked for among all servers, which is long where there are many
            keys = named(item.block, f"{kind}_certificate_key") or _outer(parents, f"{kind}_certificate_key")
            for certificate, key in zip(certificates, keys, strict=False):
                paths = [_absolute(tree, "".join(each.args[:1])) for each in (certificate, key)]
                if all(paths):
                    found.append((KeyPair(paths[0], paths[1], kind), certificate, key))
    return tuple(found)


def ticket_keys(tree: ConfigTree) -> tuple[str, ...]:
    """Absolute paths of ssl_session_ticket_key files."""
    items = (item for item, _ in walk(tree.directives) if item.name == "ssl_session_ticket_key")
    return tuple(dict.fromkeys(path for item in items if (path := _absolute(tree, "".join(item.args[:1])))))


def absolute(tree: ConfigTree, path: str) -> str:
    """A path as nginx opens it: relative ones start at the folder of the main file. Dots are resolved."""
    return posixpath.normpath(posixpath.join(tree.conf_dir or "/", path))


def _absolute(tree: ConfigTree, path: str) -> str:
    return "" if not path or "$" in path or path.startswith(("data:", "engine:", "store:")) else absolute(tree, path)


def _outer(parents: tuple[Directive, ...], name: str) -> tuple[Directive, ...]:
    return next((found for parent in reversed(parents) if (found := named(parent.block, name))), ())


def _stream_tls(parents: tuple[Directive, ...]) -> bool:
    found = _outer(parents, "proxy_ssl")
    return bool(found) and found[0].args[:1] == ("on",)
