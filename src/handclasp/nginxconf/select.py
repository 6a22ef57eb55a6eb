"""Which server answers for a name, and which location for a URI: nginx's own order of search."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import TypeVar, cast
from urllib.parse import unquote

from handclasp.model.nginx import EffectiveConfig, Listen, Location, TlsServer
from handclasp.nginxconf.pcre import compiled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Socket:
    """One listen address and the servers behind it, in file order. `default` answers when no name fits.

    `table` and `patterns` are their names, and their regular expressions in order.
    """

    address: str
    port: int
    context: str
    listen: Listen
    default: TlsServer
    servers: tuple[TlsServer, ...]
    table: dict[str, TlsServer] = field(compare=False, repr=False)
    patterns: tuple[tuple[str, TlsServer], ...] = field(compare=False, repr=False)


def sockets(config: EffectiveConfig) -> tuple[Socket, ...]:
    """Every listen address of a configuration, in file order. QUIC sockets stand beside the TCP one of the same port."""
    if "sockets" not in config.derived:
        config.derived["sockets"] = _sockets(config.servers)
    return cast("tuple[Socket, ...]", config.derived["sockets"])


def _sockets(every: Iterable[TlsServer]) -> tuple[Socket, ...]:
    grouped: dict[tuple[str, str, int, bool], list[tuple[TlsServer, Listen]]] = {}
    for server in every:
        for listen in server.listens:
            grouped.setdefault((server.context, listen.address, listen.port, listen.quic), []).append((server, listen))
    return tuple(_socket(context, found) for (context, *_), found in grouped.items())


def _socket(context: str, found: list[tuple[TlsServer, Listen]]) -> Socket:
    default, listen = next(((server, one) for server, one in found if one.default_server), found[0])
    servers = tuple({id(server): server for server, _ in found}.values())
    patterns = tuple((name[1:], server) for server in servers for name in server.names if name.startswith("~"))
    return Socket(listen.address, listen.port, context, listen, default, servers, _names(servers), patterns)


def select_server(config: EffectiveConfig, address: str, port: int, name: str | None) -> TlsServer | None:
    """The server that nginx chooses for a connection to `address`:`port` by SNI, or for a request by Host.

    Args:
        config: all servers.
        address: the local address of the connection, "127.0.0.1", "::1", "[::1]" or "unix:/path"; "*": any.
        port: the local port; 0 for a unix socket.
        name: SNI, or the Host header with or without port; None: no SNI; "": no Host.

    Returns:
        None when nothing listens there.
    """
    socket = select_socket(config, address, port)
    return by_name(socket, name) if socket else None


def select_socket(config: EffectiveConfig, address: str, port: int) -> Socket | None:
    """The listen address that takes a connection: the exact one before a wildcard. None when nothing listens there."""
    candidates = [socket for socket in sockets(config) if socket.port == port and not socket.listen.quic]
    wanted = _bracketed(address)
    for accepted in (wanted, *_wildcards(wanted)):
        for socket in candidates:
            if socket.address == accepted and (accepted != "[::]" or wanted[:1] in {"[", "*"} or not socket.listen.ipv6only):
                return socket
    return candidates[0] if wanted == "*" and candidates else None


def _bracketed(address: str) -> str:
    bare = address.strip("[]")
    if ":" not in bare or address.startswith("unix:"):
        return "*" if address in {"", "0.0.0.0"} else address.lower()  # noqa: S104 - a name for "any"
    try:
        return f"[{IPv6Address(bare)}]"
    except ValueError:
        return address


def _wildcards(address: str) -> tuple[str, ...]:
    if address.startswith("unix:"):
        return ()
    return ("[::]",) if address.startswith("[") else ("*", "[::]")


def by_name(socket: Socket, name: str | None) -> TlsServer:
    """The server behind a socket that a name selects, else its default."""
    return (None if name is None else that_has(socket, name)) or socket.default


def that_has(socket: Socket, name: str) -> TlsServer | None:
    """The server behind a socket whose names fit; None: the default would answer."""
    host = bare_host(name)
    return by_table(socket.table, host) or _by_regex(socket.patterns, host)


def bare_host(name: str) -> str:
    """A name as nginx compares it: lower case, no port, no trailing dot."""
    bare = name.lower()
    if bare.startswith("["):
        return bare.partition("]")[0] + "]"
    return bare.partition(":")[0].removesuffix(".")


def by_table(table: Mapping[str, T], host: str) -> T | None:
    """Exact names, then the longest wildcard in front (*.a, .a), then the longest behind (a.*)."""
    found = table.get(host)
    if found is not None or not host:
        return found
    labels = host.split(".")
    for cut in range(1, len(labels)):
        if (found := table.get("*." + ".".join(labels[cut:]))) is not None:
            return found
    for cut in range(len(labels) - 1, 0, -1):
        if (found := table.get(".".join(labels[:cut]) + ".*")) is not None:
            return found
    return None


def _names(servers: tuple[TlsServer, ...]) -> dict[str, TlsServer]:
    """Names to servers. Of equal names the first counts (nginx warns of the conflict); no name at all is the empty one."""
    table: dict[str, TlsServer] = {}
    for server in servers:
        for name in plain_names(server.names or ("",)):
            table.setdefault(name, server)
    return table


def plain_names(names: Iterable[str]) -> Iterator[str]:
    """Names as a table has them: ".a" stands for a and *.a; expressions are left out."""
    for name in names:
        if name.startswith("."):
            yield name[1:]
            yield "*" + name
        elif not name.startswith("~"):
            yield name


def _by_regex(patterns: tuple[tuple[str, TlsServer], ...], host: str) -> TlsServer | None:
    if not host:
        return None
    return next((server for pattern, server in patterns if matches(pattern, host, ignore_case=True)), None)


def select_location(server: TlsServer, uri: str) -> Location | None:
    """The location that nginx chooses for a URI before any rewrite; None when only the server's own settings hold.

    `=` first; else the longest prefix, and then what is nested in it; then the regular expressions beside that prefix in file
    order, unless it is `^~`. `if` and `limit_except` blocks and named locations are never chosen here.
    """
    return located(server, normal_uri(uri, merged=server.merge_slashes.value))


def located(server: TlsServer, path: str) -> Location | None:
    """The location for a path as nginx has it by now: decoded once, and after a `rewrite` never again."""
    levels: dict[tuple[str, ...], list[Location]] = {}
    for location in server.locations:
        if location.modifier in {"", "=", "^~", "~", "~*"}:
            levels.setdefault(location.parents, []).append(location)
    return _find(levels, (), path)[0]


def normal_uri(uri: str, *, merged: bool = True) -> str:
    """A URI as locations see it: without query, percent signs decoded, dot segments resolved, slashes `merged` if wanted."""
    path = unquote(uri.partition("?")[0].partition("#")[0])
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != "." and (segment or not merged):
            kept.append(segment)
    folder = "/" if kept and segments[-1] in ({"", ".", ".."} if merged else {".", ".."}) else ""
    return "/" + "/".join(kept) + folder


def _find(levels: dict[tuple[str, ...], list[Location]], parents: tuple[str, ...], path: str) -> tuple[Location | None, bool]:
    """The best location of one level, and whether the search is over: an exact or regular one was found.

    As in ngx_http_core_find_location, a nested prefix, `^~` too, does not keep the outer level's expressions from being tried.
    """
    level = levels.get(parents, [])
    for location in level:
        if location.modifier == "=" and location.path == path:
            return location, True
    prefixes = [one for one in level if one.modifier in {"", "^~"} and path.startswith(one.path)]
    best = max(prefixes, key=lambda one: len(one.path), default=None)
    chosen = best
    if best is not None:
        inner, final = _find(levels, (*parents, best.path), path)
        if final:
            return inner, True
        chosen = inner or best
    if best is None or best.modifier != "^~":
        for location in level:
            if location.modifier in {"~", "~*"} and matches(location.path, path, ignore_case=location.modifier == "~*"):
                return _find(levels, (*parents, location.path), path)[0] or location, True
    return chosen, False


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a PCRE of a configuration finds a match; False for one that Python cannot read."""
    expression = compiled(pattern, ignore_case=ignore_case)
    return expression is not None and expression.search(text) is not None


def captures(pattern: str, text: str, *, ignore_case: bool = False) -> dict[str, str] | None:
    """The variables that a PCRE of a configuration sets when it finds a match ("1", names); None without one."""
    expression = compiled(pattern, ignore_case=ignore_case)
    found = expression.search(text) if expression is not None else None
    if found is None:
        return None
    numbered = {str(number): value or "" for number, value in enumerate(found.groups()[:9], 1)}
    return numbered | {name: value or "" for name, value in found.groupdict().items()}


def captured(pattern: str, text: str, *, ignore_case: bool = False) -> str | None:
    """What $1 is after a PCRE of a configuration found a match; None without one."""
    found = captures(pattern, text, ignore_case=ignore_case)
    return found.get("1") if found is not None else None
