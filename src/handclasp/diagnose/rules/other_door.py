"""The same name and the same application at another address, in a server of its own that asks nobody for a certificate."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import reaches
from handclasp.diagnose.reach import ASKING, behind_tls, block_at, places, written_in
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import Listen, Location, TlsServer, VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket, plain_names, sockets
from handclasp.verdict.answer import outcome_of
from handclasp.verdict.scene import plain_name
from handclasp.verdict.variables import variables

_NOBODYS_NAME = frozenset({"", "_", "localhost"})
_INSIDE = ("127.", "[::1]", "unix:")
_ANY = frozenset({"*", "0.0.0.0", "[::]"})  # noqa: S104 - nginx's words for every address
_MODULES = frozenset({"proxy", "grpc", "uwsgi", "scgi"})
_BY_ADDRESS = frozenset({"allow", "deny"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`server` verifies; `other` has its name at `socket`, by `listen`, and asks for nothing.

    `target` is a backend of both, which answers requests for `uri`. `beside`: at the same port, over QUIC or the other family
    of addresses.
    """

    server: TlsServer
    other: TlsServer
    socket: Socket
    listen: Listen
    target: str
    uri: str
    beside: bool

    @property
    def address(self) -> str:
        """As a person would write it."""
        return f"{self.socket.address}:{self.socket.port}{' (QUIC)' if self.listen.quic else ''}"


def doors(case: Case) -> Iterator[Door]:
    """Every such server once, with the first that verifies the name."""
    told: set[int] = set()
    verifying = [server for _, server in behind_tls(case) if server.verify_client.value is VerifyClient.ON]
    for socket in sockets(case.stage.config) if verifying else ():
        if socket.context != "http" or socket.address.startswith(_INSIDE):
            continue
        for other in socket.servers:
            found = next((door for server in verifying if (door := _door(case, server, other, socket))), None)
            if found and id(other) not in told:
                told.add(id(other))
                yield found


def _door(case: Case, server: TlsServer, other: TlsServer, socket: Socket) -> Door | None:
    if any(server is one for one in socket.servers) or not _names(server) & _names(other) or _asks(case, other, socket):
        return None
    here = (socket.address, socket.port, socket.listen.quic)
    listen = next((one for one in other.listens if (one.address, one.port, one.quic) == here), None)
    shared = _shared(case, server, other, socket)
    if listen is None or shared is None:
        return None
    beside = any(one.tls and one.port == socket.port and _meet(one.address, socket.address) for one in server.listens)
    target, uri = shared
    beside &= socket.listen.tls
    return Door(server=server, other=other, socket=socket, listen=listen, target=target, uri=uri, beside=beside)


def _names(server: TlsServer) -> set[str]:
    return {name.lower() for name in plain_names(server.names)} - _NOBODYS_NAME


def _asks(case: Case, other: TlsServer, socket: Socket) -> bool:
    """Whether it asks by itself; without TLS, whether it was written to, which is told elsewhere (rules.placement)."""
    if other.verify_client.value not in ASKING:
        return False
    return (
        socket.listen.tls or written_in(other.verify_client, other, case) or written_in(other.client_certificate, other, case)
    )


def _shared(case: Case, server: TlsServer, other: TlsServer, socket: Socket) -> tuple[str, str] | None:
    """The backend of both to which whoever comes to the other is let through, and where. A single address may be public."""
    own = {(one.module, one.target.value) for one in server.locations if one.module in _MODULES}
    name = plain_name(other)
    known = variables(None, "NONE", host=name, sni=name, tls=socket.listen.tls, port=socket.port)
    for place in places(other):
        location = place.location
        if location is None or location.modifier == "=" or (location.module, location.target.value) not in own:
            continue
        outcome = outcome_of(case.stage.config, other, place.uri, known)
        target = location.target.value
        through = outcome.location is location and reaches(other, outcome) and not _by_address(case, other, location)
        if target and "$" not in target and through:
            return target, place.uri
    return None


def _by_address(case: Case, other: TlsServer, location: Location) -> bool:
    """Whether addresses are let in or kept out there."""
    origins = (one for one in (location.origin, other.origin) if one is not None)
    blocks = [block for origin in origins if (block := block_at(case, origin)) is not None]
    blocks += [one for one in case.stage.tree.directives if one.name == "http" and one.children is not None]
    return any(item.name in _BY_ADDRESS for item in chain.from_iterable(block.block for block in blocks))


def _meet(one: str, other: str) -> bool:
    return one == other or {one, other} <= _ANY


def check(case: Case) -> Iterator[Finding]:
    """A verified name that another server answers for without a certificate, out of the same backend."""
    if case.side is not Side.CLIENT:
        return
    for door in doors(case):
        words = {"server": door.server.label, "target": door.target, "address": door.address}
        where, shown = Where.at(door.listen.origin, "listen"), _shown(door)
        if door.socket.listen.tls:
            summary = say(
                "{server} is verified at one address only: on {address} another server answers for it out of {target}, and asks"
                " nobody for a certificate",
                "{server} 只在一个地址上验证：{address} 上由另一个 server 以 {target} 的内容应答，且不要求出示证书", **words,
            )  # fmt: skip
            severity = Severity.ERROR if door.beside else Severity.NOTICE
            yield finding("verify-client-not-enabled", summary, where, shown, severity=severity)
        else:
            summary = say(
                "{server} also answers on {address} without TLS, out of {target}: there everybody gets in",
                "{server} 还在 {address} 上以明文提供 {target} 的内容：任何人都能从那里进入", **words,
            )  # fmt: skip
            yield finding("listen-without-ssl", summary, where, shown, severity=Severity.WARNING)


def _shown(door: Door) -> Text:
    return say(
        "{server} is verified in {file}:{line}", "{server} 的验证写在 {file}:{line}",
        server=door.server.label, file=door.server.origin.file, line=door.server.origin.line,
    )  # fmt: skip


RULES = (Rule("other-door", ("verify-client-not-enabled", "listen-without-ssl"), check),)
