"""What goes on without its grounds: sessions of ended certificates, connections of revoked clients, requests sent twice."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, ends_here, http_sockets, mentions
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.sessions import KEYS_IN_ZONE, resumes
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import Location, TlsServer
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.durations import seconds_of
from handclasp.nginxconf.select import Socket
from handclasp.nginxconf.tree import named

OUTLIVING, HELD, REPLAYED = "session-outlives-certificate", "connection-outlives-revocation", "early-data-replayed"

LONG_SECONDS = 3600
"""A session that is good for longer than this is worth a word; nginx's default is five minutes."""

_NAMED = 3
_TLS13 = "TLSv1.3"
_REUSED, _EARLY = re.compile(r"\$\{?ssl_session_reused"), re.compile(r"\$\{?ssl_early_data")
_STREAMED = "grpc"
_UPGRADE = "upgrade"


def check_sessions(case: Case) -> Iterator[Finding]:
    """Sessions of servers that ask for certificates, which are good for long, or for ever.

    Of a whole configuration one finding of each kind, which names the first place, or the longest, and counts the rest.
    """
    if case.side is not Side.CLIENT:
        return
    for endless in (True, False):
        found = lasting(case, endless=endless)
        if found:
            yield _outliving(case, found, endless=endless)


def lasting(case: Case, *, endless: bool) -> list[Socket]:
    """The sockets whose sessions last for ever, or for long: the longest first."""
    found = [
        socket
        for socket in http_sockets(case)
        if _endless(case, socket.default) is endless and lasting_session(case, socket) is not None
    ]
    return found if endless else sorted(found, key=_seconds, reverse=True)


def _seconds(socket: Socket) -> float:
    return seconds_of(socket.default.session_timeout.value) or 0


def _outliving(case: Case, found: list[Socket], *, endless: bool) -> Finding:
    names = list(dict.fromkeys(server.label for socket in found for server in _taking(case, socket)))
    more = f" (+{len(names) - _NAMED})" if len(names) > _NAMED else ""
    told = ", ".join(names[:_NAMED]) + more
    for_ever = say(
        "a client of {server} whose certificate has ended goes on for ever, by resuming its TLS 1.3 session in time",
        "{server} 的客户端在证书到期之后，只要及时恢复 TLS 1.3 会话，就可以一直继续访问", server=told,
    )  # fmt: skip
    for_long = say(
        "a client of {server} goes on by resuming its session up to {time} after its certificate has ended",
        "{server} 的客户端在证书到期之后，靠恢复会话最多还能继续访问 {time}",
        server=told, time=found[0].default.session_timeout.value,
    )  # fmt: skip
    shown = [_anew(case) if endless else _NOT_AGAIN]
    if len(found) > 1:
        shown.append(say("so on {number} other addresses", "另有 {number} 个监听地址也是如此", number=len(found) - 1))
    place = lasting_session(case, found[0])
    assert place is not None
    return finding(OUTLIVING, for_ever if endless else for_long, Where.at(*place), *shown, severity=Severity.WARNING)


def lasting_session(case: Case, socket: Socket) -> tuple[Origin, str] | None:
    """The setting by which sessions of this socket last for long, or for ever, and its directive; None when they do not."""
    default = socket.default
    lasts = _endless(case, default) or _seconds(socket) > LONG_SECONDS
    if not resumes(default) or not _taking(case, socket) or not lasts:
        return None
    if default.session_timeout.origin:
        return default.session_timeout.origin, "ssl_session_timeout"
    return default.session_cache.origin or default.origin, "ssl_session_cache"


def _endless(case: Case, default: TlsServer) -> bool:
    """Whether each resumption begins the timeout anew, and there are TLS 1.3 tickets to resume."""
    tickets = ("numtickets", "0") not in {(name.lower(), value) for name, value in default.conf_commands.value}
    return case.stage.version < KEYS_IN_ZONE and _TLS13 in default.protocols.value and tickets


_NOT_AGAIN = Text(
    en="a resumed session is not verified again: not even the date is", zh="恢复的会话不会再次验证，连有效期也不检查"
)


def _anew(case: Case) -> Text:
    return say(
        "nginx {version}: every resumption of a TLS 1.3 session begins ssl_session_timeout anew (until 1.23.2), and the date of"
        " the certificate is not looked at",
        "nginx {version}：TLS 1.3 会话每次恢复都会让 ssl_session_timeout 重新计时（直到 1.23.2），且不检查证书有效期",
        version=case.stage.version,
    )


def _taking(case: Case, socket: Socket) -> list[TlsServer]:
    """The servers that take certificates, and resumed sessions without a second look."""
    return [
        server
        for server in socket.servers
        if server.verify_client.value in ASKING
        and server.ocsp.value == "off"
        and not ends_here(server.returns)
        and not any(mentions(case.stage.config, f"${guard.variable} {guard.condition}", _REUSED) for guard in server.guards)
    ]


def check_connections(case: Case) -> Iterator[Finding]:
    """Servers that read CRLs and pass on connections without end, in an nginx whose old workers wait for these."""
    if case.side is not Side.CLIENT:
        return
    said = [item for item in named(case.stage.tree.directives, "worker_shutdown_timeout") if item.args]
    if said and seconds_of(said[0].args[0]):
        return
    lasting = [
        (server, place)
        for server in case.stage.config.servers
        if server.verify_client.value in ASKING and server.crl.value and any(listen.ssl for listen in server.listens)
        for place in server.locations
        if _lasts(server, place)
    ]
    if not lasting:
        return
    labels = ", ".join(dict.fromkeys(server.label for server, _ in lasting))
    summary = say(
        "a client of {server} that is revoked keeps the connections it has: after the reload the old worker goes on with them,"
        " and nothing bounds that",
        "{server} 的客户端被吊销后仍保有已建立的连接：重新加载之后旧的工作进程继续处理它们，没有时限", server=labels,
    )  # fmt: skip
    first, place = lasting[0]
    kind = _kind(first, place)
    where = Where.at(said[0].origin if said else place.origin or first.origin, "worker_shutdown_timeout")
    yield finding(HELD, summary, where, kind, severity=Severity.WARNING)


def _kind(server: TlsServer, place: Location) -> Text:
    if server.context == "stream":
        return Text(en="stream: the connection is passed on as bytes", zh="stream：连接按字节转发")
    if place.module == _STREAMED:
        return Text(en="gRPC calls may stream without end", zh="gRPC 调用可以无限期地流式传输")
    return Text(en="the Upgrade header is passed on: WebSockets", zh="转发了 Upgrade 请求头：WebSocket")


def _lasts(server: TlsServer, place: Location) -> bool:
    """Whether connections there may go on as long as both ends like."""
    upgraded = any(header.name.lower() == _UPGRADE and header.value for header in place.headers.value)
    return place.proxied and (server.context == "stream" or place.module == _STREAMED or upgraded)


def check_early_data(case: Case) -> Iterator[Finding]:
    """Early data where certificates are asked for: it is the client's, and nobody needs the client's key to send it again."""
    if case.side is not Side.CLIENT:
        return
    for socket in http_sockets(case):
        open_ones = [one for one in socket.servers if one.verify_client.value in ASKING and not _told_apart(case, one)]
        if open_ones and replayable(socket):
            yield _early(socket, open_ones)


def replayable(socket: Socket) -> bool:
    """Whether early data is taken there: what the default server says holds for all."""
    default = socket.default
    return default.early_data.value and _TLS13 in default.protocols.value and resumes(default)


def _early(socket: Socket, open_ones: list[TlsServer]) -> Finding:
    summary = say(
        "whoever sees a request of a client of {server} pass as early data can have it carried out again, as that client",
        "任何人只要截获 {server} 的客户端以早期数据发送的请求，就能以该客户端的身份让它再执行一遍",
        server=", ".join(server.label for server in open_ones),
    )
    shown = Text(
        en="ssl_early_data on: a resumed TLS 1.3 session brings the certificate's identity with it, and the first flight may be"
        " sent twice",
        zh="ssl_early_data on：恢复的 TLS 1.3 会话带有证书身份，而首个报文可以重复发送",
    )
    where = Where.at(socket.default.early_data.origin, "ssl_early_data")
    return finding(REPLAYED, summary, where, shown, severity=Severity.WARNING)


def _told_apart(case: Case, server: TlsServer) -> bool:
    """Whether requests in early data are refused here, or every backend is told of them (RFC 8470)."""
    guards = [*server.guards, *(guard for place in server.locations for guard in place.guards)]
    if any(mentions(case.stage.config, f"${guard.variable} {guard.condition}", _EARLY) for guard in guards):
        return True
    passing = [place for place in server.locations if place.proxied]
    return bool(passing) and all(any(_EARLY.search(header.value) for header in place.headers.value) for place in passing)


RULES = (
    Rule("sessions-outlive", (OUTLIVING,), check_sessions),
    Rule("connections-outlive", (HELD,), check_connections),
    Rule("early-data", (REPLAYED,), check_early_data),
)
