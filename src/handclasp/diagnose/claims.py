"""What somebody without a good certificate can say to be let in where a check refuses those who say nothing."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import reaches, sayable, shut, visitors
from handclasp.diagnose.reach import places
from handclasp.model.nginx import EffectiveConfig, Location, MapBlock, TlsServer, VerifyClient
from handclasp.model.nginx_steps import Guard
from handclasp.model.origin import Origin
from handclasp.nginxconf.example_uri import spelled
from handclasp.nginxconf.select import Socket
from handclasp.verdict.answer import outcome_of

_REFUSES = 400
_OF_CERTIFICATE = ("ssl_client_s_dn", "ssl_client_i_dn", "ssl_client_serial")
_ANYTHING = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`variable` with `value` lets a visitor in at `uri`. `header` is what carries it; None: a certificate of its own making.

    `asked` is the map, geo or `if` that believes it.
    """

    uri: str
    variable: str
    value: str
    header: str | None
    asked: Origin | None


def claims(case: Case, socket: Socket, server: TlsServer) -> list[Claim]:
    """The first claim for each variable that opens something otherwise closed."""
    config = case.stage.config
    if shut(socket, server) or not any(block.guards for block in (server, *server.locations)):
        return []
    found: dict[str, Claim] = {}
    for known in visitors(config, server):
        made = known.get("ssl_client_verify", "").startswith("FAILED")
        for name, header in _said(config, server, made=made):
            for value, asked in _values(config, server, name):
                uri = _opened(config, server, known, {name: value})
                if name not in found and uri is not None:
                    found[name] = Claim(uri=uri, variable=name, value=value, header=header, asked=asked)
    return list(found.values())


def _said(config: EffectiveConfig, server: TlsServer, *, made: bool) -> Iterator[tuple[str, str | None]]:
    """The variables that such a visitor chooses, with the header that carries each."""
    if made:
        yield from ((name, None) for name in _OF_CERTIFICATE)
        return
    for name in sayable(config, server):
        kind, _, rest = name.partition("_")
        yield name, rest.replace("_", "-") if kind == "http" else "Cookie" if kind == "cookie" else ""
    if server.address_header.value:
        yield "remote_addr", server.address_header.value


def _opened(config: EffectiveConfig, server: TlsServer, known: dict[str, str], said: dict[str, str]) -> str | None:
    """An address that is served to whoever says this, and not without it."""
    for place in places(server):
        plain = outcome_of(config, server, place.uri, known)
        if (plain.status >= _REFUSES or not plain.certain) and reaches(
            server, outcome_of(config, server, place.uri, known | said)
        ):
            return place.uri
    return None


def _values(config: EffectiveConfig, server: TlsServer, name: str) -> Iterator[tuple[str, Origin | None]]:
    """Values that some map, geo or `if` looks for in a variable, and one that none does."""
    for block in config.maps:
        if re.search(rf"\$\{{?{name}\b", block.source):
            yield from ((value, block.origin) for entry in block.entries if (value := _value(block, entry.pattern)) is not None)
    last: Origin | None = None
    for step in _ifs((server, *server.locations)):
        if step.variable == name:
            last = step.origin
            operand = step.operand.strip("\"'")
            value = spelled(operand) if "~" in step.operator else operand
            if value:
                yield value, step.origin
    yield _ANYTHING, last


def _value(block: MapBlock, pattern: str) -> str | None:
    if pattern == "default":
        return None
    if block.networks:
        try:
            return str(ip_network(pattern, strict=False)[0])
        except ValueError:
            return None
    if pattern.startswith("~"):
        return spelled(pattern[1:].removeprefix("*"))
    return pattern.removeprefix("\\")


def _ifs(blocks: Iterable[TlsServer | Location]) -> Iterator[Guard]:
    return (step for block in blocks for step in block.steps if isinstance(step, Guard))


def asks_loosely(server: TlsServer) -> bool:
    """Whether a server lets a request go on without a good certificate."""
    return server.verify_client.value in {VerifyClient.OPTIONAL, VerifyClient.OPTIONAL_NO_CA}
