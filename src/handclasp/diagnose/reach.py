"""Who gets where: the TLS sockets of a configuration, the addresses of its locations, and what a visitor is answered there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handclasp.diagnose.case import Case
from handclasp.model.certificate import Certificate
from handclasp.model.nginx import EffectiveConfig, Location, Setting, TlsServer, VerifyClient
from handclasp.model.nginx_steps import Return
from handclasp.model.origin import Origin
from handclasp.model.verdict import Verdict
from handclasp.nginxconf.example_uri import example_uri
from handclasp.nginxconf.select import Socket, select_location, sockets
from handclasp.nginxconf.tree import Directive
from handclasp.verdict.answer import outcome_of
from handclasp.verdict.client import client_verdict
from handclasp.verdict.scene import meet, plain_name
from handclasp.verdict.variables import variables

ASKING = frozenset({VerifyClient.ON, VerifyClient.OPTIONAL, VerifyClient.OPTIONAL_NO_CA})
IDENTITY = re.compile(r"\$\{?ssl_client_(?:verify|s_dn|i_dn|fingerprint|serial|cert|raw_cert|escaped_cert|v_end|v_remain)")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_DEEPEST = 8
_CHOSEN = frozenset({"", "=", "^~", "~", "~*"})


@dataclass(frozen=True, slots=True)
class Place:
    """One address of a server: the URI, and the location that it selects (None: the server's own settings)."""

    uri: str
    location: Location | None


def http_sockets(case: Case, *, tls: bool = True) -> tuple[Socket, ...]:
    """The listen addresses of http{} that speak TLS, over TCP or QUIC, or those that do not."""
    return tuple(socket for socket in sockets(case.stage.config) if socket.context == "http" and socket.listen.tls is tls)


def behind_tls(case: Case) -> Iterator[tuple[Socket, TlsServer]]:
    """Every http server that TLS clients can reach, once, with a socket of its."""
    seen: set[int] = set()
    for socket in http_sockets(case):
        for server in socket.servers:
            if id(server) not in seen:
                seen.add(id(server))
                yield socket, server


def places(server: TlsServer) -> tuple[Place, ...]:
    """An address for every location that a request can select and that can be told from its pattern; "/" when there is none."""
    found: dict[int, Place] = {}
    for location in server.locations:
        uri = example_uri(location)
        if uri is not None and not location.internal and select_location(server, uri) is location:
            found.setdefault(id(location), Place(uri, location))
    if select_location(server, "/") is None:
        return (*found.values(), Place("/", None))
    return tuple(found.values())


def answered(
    case: Case,
    socket: Socket,
    server: TlsServer,
    uri: str = "/",
    presented: tuple[Certificate, ...] = (),
    *,
    sni: str | None = "",
) -> Verdict:
    """What a visitor of `server` is answered; `sni` "" stands for the server's own name, None for none."""
    name = plain_name(server)
    found = meet(socket, sni=(name or None) if sni == "" else sni, host=name or "localhost", uri=uri)
    handshake = found.handshake
    judge = case.stage.judge(handshake.ciphers.value, handshake.conf_commands.value)
    return client_verdict(case.stage.config, found, presented, judge)


def served(verdict: Verdict) -> bool:
    """Content came back: no redirect, no refusal."""
    return verdict.status is not None and verdict.status < 300


def undecided(config: EffectiveConfig, server: TlsServer, uri: str) -> bool:
    """Whether something that cannot be read here, code or an unknown variable, may refuse a request without a certificate."""
    visitor = variables(None, "NONE", host=plain_name(server), sni=plain_name(server))
    return not outcome_of(config, server, uri, visitor).certain


def roots(config: EffectiveConfig, text: str, depth: int = 0) -> set[str]:
    """The variables that a text comes from in the end, through maps."""
    found: set[str] = set()
    for name in _VARIABLE.findall(text):
        blocks = config.maps_of(name) if depth < _DEEPEST else ()
        found |= roots(config, blocks[0].source, depth + 1) if blocks else {name}
    return found


def mentions_client(config: EffectiveConfig, text: str) -> bool:
    """Whether a text has a variable that says who the client is, directly or through maps."""
    return mentions(config, text, IDENTITY)


def mentions(config: EffectiveConfig, text: str, variable: re.Pattern[str], depth: int = 0) -> bool:
    """Whether a text has such a variable, directly or through maps."""
    if variable.search(text):
        return True
    names = set(re.findall(r"\$\{?(\w+)", text))
    return depth < 8 and any(
        mentions(config, block.source, variable, depth + 1) for name in names for block in config.maps_of(name)
    )


def guarded(config: EffectiveConfig, server: TlsServer, location: Location | None) -> bool:
    """Whether an `if` of the server or of this location looks at who the client is."""
    guards = (*server.guards, *(location.guards if location else ()))
    return any(mentions_client(config, f"${guard.variable} {guard.condition}") for guard in guards)


def told_backend(config: EffectiveConfig, location: Location | None) -> bool:
    """Whether the backend is told who the client is, and could decide itself."""
    return location is not None and any(mentions_client(config, header.value) for header in location.headers.value)


def ends_here(returns: Return | None) -> bool:
    """Whether a block answers by itself, without content of its own: an error or a redirect."""
    return returns is not None and returns.status >= 300


def block_at(case: Case, origin: Origin) -> Directive | None:
    """The block whose name stands at a place of the configuration."""
    return case.stage.blocks.get(origin)


def addresses_of(case: Case, target: str) -> tuple[str, ...]:
    """The addresses of a target without TLS: its own, or those of the upstream{} that it names; by default port 80."""
    block = next((item for item in case.stage.config.upstreams if item.name.lower() == target.lower()), None)
    written = (() if block.by_script else block.addresses) if block else (target,)
    return tuple(one if one.startswith("unix:") or ":" in one.rpartition("]")[2] else f"{one}:80" for one in written)


def written_in(setting: Setting[object], server: TlsServer, case: Case) -> bool:
    """Whether a setting stands in the server's own block rather than being inherited."""
    block = block_at(case, server.origin)
    if setting.origin is None or block is None:
        return False
    return any(child.origin == setting.origin for child in block.block)
