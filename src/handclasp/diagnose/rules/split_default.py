"""A default server that rejects handshakes is still reached: by a handshake for one server and a request for none."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import http_sockets
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket
from handclasp.verdict.answer import status_of
from handclasp.verdict.variables import variables

UNNAMED = "unknown.invalid"


def check(case: Case) -> Iterator[Finding]:
    """ssl_reject_handshake and content beside it: whoever names another server in the handshake gets the content."""
    if case.side is not Side.CLIENT:
        return
    for socket in http_sockets(case):
        default = socket.default
        if not served_behind_the_back(case, socket):
            continue
        other = next(server for server in socket.servers if not server.reject_handshake.value)
        summary = say(
            "{default} rejects handshakes, and is reached all the same: by a handshake for {other} and another name in Host",
            "{default} 拒绝握手，但仍可到达：握手时写 {other}，Host 写另一个名称", default=default.label, other=other.label,
        )  # fmt: skip
        shown = say(
            "ssl_reject_handshake on, and content beside it; nginx chooses the server of a request by its Host",
            "ssl_reject_handshake on，旁边还有内容；nginx 按请求的 Host 选择 server",
        )
        where = Where.at(default.reject_handshake.origin or default.origin, "ssl_reject_handshake")
        yield finding("sni-host-split", summary, where, shown, severity=Severity.WARNING)


def served_behind_the_back(case: Case, socket: Socket) -> bool:
    """Whether such a default server gives content to whoever shook hands with another."""
    default = socket.default
    if not default.reject_handshake.value or all(server.reject_handshake.value for server in socket.servers):
        return False
    return any(_content(case, default, place.path) for place in default.locations if place.modifier in {"", "=", "^~"})


def _content(case: Case, default: TlsServer, path: str) -> bool:
    known = variables(None, "NONE", host=UNNAMED, sni=None)
    place = next(one for one in default.locations if one.path == path)
    answers = place.proxied or place.returns is not None
    return answers and not place.internal and status_of(case.stage.config, default, path, known) < 300


RULES = (Rule("split-default", ("sni-host-split",), check),)
