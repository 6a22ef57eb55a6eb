"""Client verification that is written down and does not take place: switched off, or on a port without TLS."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import (
    ASKING,
    Place,
    answered,
    behind_tls,
    block_at,
    ends_here,
    http_sockets,
    places,
    served,
    written_in,
)
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.authorization import guards
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import Listen, TlsServer, VerifyClient
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket
from handclasp.verdict.variables import holds

_VERIFIED, _REFUSES = "ssl_client_verify", 400
_LUA_REDIRECT = re.compile(r"\b(?:force_)?ssl_redirect\s*=\s*true\b")


def check_enabled(case: Case) -> Iterator[Finding]:
    """A CA file and no verification. With other servers that verify, an explicit `off` is somebody's decision."""
    if case.side is not Side.CLIENT:
        return
    servers = [server for _, server in behind_tls(case)]
    asking = any(server.verify_client.value in ASKING for server in servers)
    for server in servers:
        if server.verify_client.value is not VerifyClient.OFF or not server.client_certificate.value:
            continue
        if server.reject_handshake.value or _answers_nothing(server):
            continue
        own = written_in(server.client_certificate, server, case)
        explicit = server.verify_client.origin is not None
        if asking and not own:
            continue
        severity = Severity.WARNING if asking and explicit else Severity.ERROR
        summary = say(
            "{server} has a CA for clients and does not ask them for certificates: everybody gets in",
            "{server} 设置了客户端 CA，却不要求客户端证书：任何人都能进入", server=server.label,
        )  # fmt: skip
        shown = say(
            "ssl_client_certificate {file}; ssl_verify_client is off{default}",
            "ssl_client_certificate {file}；ssl_verify_client 为 off{default}",
            file=server.client_certificate.value,
            default=say("", "") if explicit else say(", its default", "（默认值）"),
        )  # fmt: skip
        origin = server.verify_client.origin or server.client_certificate.origin
        yield finding("verify-client-not-enabled", summary, Where.at(origin, "ssl_verify_client"), shown, severity=severity)


def check_tested(case: Case) -> Iterator[Finding]:
    """An `if` refuses whoever has no verified certificate, and the server never asks for one: everybody is refused."""
    if case.side is not Side.CLIENT:
        return
    asked_for = {id(server) for _, server in behind_tls(case) if server.verify_client.value in ASKING}
    told: set[int] = set()
    for server, guard in guards(case):
        refuses = guard.status is not None and guard.status >= _REFUSES
        if id(server) in asked_for | told or server.client_certificate.value or guard.variable != _VERIFIED or not refuses:
            continue
        if not holds(guard, {_VERIFIED: "NONE"}, case.stage.config):
            continue
        told.add(id(server))
        summary = say(
            "{server} refuses whoever has no verified certificate, and asks nobody for one: ssl_verify_client is off, so"
            " $ssl_client_verify is always NONE",
            "{server} 拒绝没有经过验证证书的请求，却从不要求证书：ssl_verify_client 未开启，$ssl_client_verify 始终为 NONE",
            server=server.label,
        )  # fmt: skip
        shown = say("if ({condition})", "if ({condition})", condition=guard.condition)
        where = Where.at(
            server.verify_client.origin or guard.origin, "ssl_verify_client" if server.verify_client.origin else "if"
        )
        yield finding("verify-client-not-enabled", summary, where, shown)


def _answers_nothing(server: TlsServer) -> bool:
    return ends_here(server.returns)


def check_listen(case: Case) -> Iterator[Finding]:
    """A server with client verification on a socket without TLS: there it does not take place."""
    if case.side is not Side.CLIENT:
        return
    told: set[int] = set()
    for socket in http_sockets(case, tls=False):
        for server in socket.servers:
            asks = server.verify_client.value in ASKING
            if not asks or id(server) in told:
                continue
            # A directive inherited from http{} says nothing about this server.
            own = written_in(server.verify_client, server, case) or written_in(server.client_certificate, server, case)
            alone = not any(listen.tls for listen in server.listens)
            if not own and alone:
                continue
            if not alone and not _served_plainly(case, socket, server):
                continue
            told.add(id(server))
            yield _without_tls(socket, server, alone=alone)


def _served_plainly(case: Case, socket: Socket, server: TlsServer) -> bool:
    return any(
        served(answered(case, socket, server, place.uri))
        and not _sent_on_by_lua(case, place)
        and not ends_here(place.location.returns if place.location else server.returns)
        for place in places(server)
    )


def _sent_on_by_lua(case: Case, place: Place) -> bool:
    """What ingress-nginx does in Lua where others write `return 301`: its argument in the configuration says it."""
    origin = place.location.origin if place.location else None
    block = block_at(case, origin) if origin else None
    return block is not None and any(
        item.name == "rewrite_by_lua_block" and _LUA_REDIRECT.search(item.body or "") is not None for item in block.block
    )


def _without_tls(socket: Socket, server: TlsServer, *, alone: bool) -> Finding:
    address = f"{socket.address}:{socket.port}"
    listen = listen_at(server, socket)
    if alone:
        summary = say(
            "{server} verifies clients, but {address} speaks plain HTTP: no certificate is ever asked for",
            "{server} 要验证客户端，但 {address} 是明文 HTTP：根本不会要求证书", server=server.label, address=address,
        )  # fmt: skip
    else:
        summary = say(
            "{server} also answers on {address} without TLS: there everybody gets in",
            "{server} 还在 {address} 上以明文提供服务：任何人都能从那里进入", server=server.label, address=address,
        )  # fmt: skip
    where = Where.at(listen.origin if listen else server.origin, "listen")
    # Beside a TLS address it is a second door, not the reason why a handshake fails.
    return finding("listen-without-ssl", summary, where, severity=Severity.ERROR if alone else Severity.WARNING)


def check_plain(case: Case) -> Iterator[Finding]:
    """The request in question was made with http:// to a socket that speaks TLS, and is not sent on to https."""
    request, stage = case.evidence.request, case.stage
    if case.side is not Side.CLIENT or request is None or not request.plain or not stage.scene.socket.listen.ssl:
        return
    verdict = stage.client_verdict(())
    if verdict.admitted:
        return
    socket = stage.scene.socket
    address = f"{socket.address}:{socket.port}"
    summary = say(
        "the request is plain HTTP, and {address} speaks TLS: use https://",
        "请求是明文 HTTP，而 {address} 使用 TLS：请改用 https://", address=address,
    )  # fmt: skip
    listen = listen_at(stage.scene.answer, socket)
    yield finding("plain-http-to-https-port", summary, Where.at(listen.origin if listen else None, "listen"))


def listen_at(server: TlsServer, socket: Socket) -> Listen | None:
    """The listen directive of a server for a socket."""
    return next((one for one in server.listens if (one.address, one.port) == (socket.address, socket.port)), None)


RULES = (
    Rule("verify-enabled", ("verify-client-not-enabled",), check_enabled),
    Rule("verify-tested", ("verify-client-not-enabled",), check_tested),
    Rule("listen-tls", ("listen-without-ssl",), check_listen),
    Rule("plain-request", ("plain-http-to-https-port",), check_plain),
)
