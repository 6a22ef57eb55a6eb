"""Which servers a request meets: the one that SNI selects does the handshake, the one that Host selects gives the answer."""

from dataclasses import dataclass, replace

from handclasp.model.evidence import Request
from handclasp.model.nginx import EffectiveConfig, Location, TlsServer, VerifyClient
from handclasp.nginxconf.select import Socket, by_name, select_location, sockets, that_has


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request: its socket, the two servers, and the location. `sni_known`: the name sent is configured on that socket."""

    socket: Socket
    sni: str | None
    host: str
    uri: str
    handshake: TlsServer
    answer: TlsServer
    sni_known: bool
    method: str = "GET"

    @property
    def location(self) -> Location | None:
        """The location that the URI selects in the answering server."""
        return select_location(self.answer, self.uri)


def scene(config: EffectiveConfig, server: str | None, *, uri: str = "/", stream: bool = False) -> Scene | None:
    """The scene of a well-behaved client of `server` (a name or label; None: the one that verifies clients).

    None when no server is there to meet. Of a server on TCP and QUIC it is the one over TCP, by which every client begins.
    """
    context = "stream" if stream else "http"
    here = [socket for socket in sockets(config) if socket.context == context]
    candidates = sorted(here, key=lambda socket: socket.listen.quic)
    chosen = _by_wish(candidates, server) if server else _first(candidates)
    if chosen is None:
        return None if stream else scene(config, server, uri=uri, stream=True)
    socket, target = chosen
    wanted = server if server and by_name(socket, server) is target else plain_name(target)
    return meet(socket, sni=wanted or None, host=wanted or "localhost", uri=uri)


def asked(config: EffectiveConfig, found: Scene, request: Request) -> Scene:
    """The scene of a request as it was made: its own port, server name and Host."""
    here = found.socket if request.port in {None, found.socket.port} else None
    same = (one for one in sockets(config) if (one.context, one.port) == (found.socket.context, request.port))
    socket = here or next((one for one in same if not one.listen.quic), found.socket)
    made = meet(socket, sni=request.sni, host=request.host or found.host, uri=found.uri)
    return replace(made, method=request.method)


def meet(socket: Socket, *, sni: str | None, host: str, uri: str = "/") -> Scene:
    """The scene of one SNI and one Host on a socket."""
    handshake = by_name(socket, sni)
    known = sni is not None and (handshake is not socket.default or _has_name(handshake, sni))
    return Scene(
        socket=socket, sni=sni, host=host, uri=uri, handshake=handshake, answer=by_name(socket, host), sni_known=known
    )  # fmt: skip


def plain_name(server: TlsServer) -> str:
    """A name that selects this server: its first one that is neither empty nor a pattern; a pattern made concrete; or ""."""
    for name in server.names:
        if name and name[0] not in "~*._" and not name.endswith("*"):
            return name
    for name in server.names:
        if name.startswith("*."):
            return "any" + name[1:]
        if name.startswith("."):
            return name[1:]
        if name.endswith(".*"):
            return name[:-1] + "test"
    return ""


def _has_name(server: TlsServer, name: str) -> bool:
    return any(name.lower() == own or own[:1] in {"*", ".", "~"} or own.endswith("*") for own in server.names if own)


def _by_wish(candidates: list[Socket], wish: str) -> tuple[Socket, TlsServer] | None:
    tls_first = sorted(candidates, key=lambda socket: not socket.listen.tls)
    name = wish.lower()
    for socket in tls_first:
        named = socket.table.get(name)
        if named is not None and name in named.names:
            return socket, named
        for server in socket.servers:
            if name in server.names or wish == server.label:
                return socket, server
    for socket in tls_first:
        found = that_has(socket, wish)
        if found is not None:
            return socket, found
    return None


def _first(candidates: list[Socket]) -> tuple[Socket, TlsServer] | None:
    """The first server that asks for certificates, else the first behind TLS, else the first of all."""
    every = [(socket, server) for socket in candidates for server in socket.servers]
    asking = [item for item in every if item[0].listen.tls and item[1].verify_client.value is not VerifyClient.OFF]
    return next(iter(asking or [item for item in every if item[0].listen.tls] or every), None)
