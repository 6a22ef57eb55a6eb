"""Attempts with one name in the handshake and another in the request: nobody gets in, and that is what is shown."""

from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.attempt import Attack
from handclasp.diagnose.attempt_parts import anchors, at, client_of, let_in, visit
from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.split import guests
from handclasp.model.finding import Finding, Severity
from handclasp.verdict.scene import plain_name

_MISDIRECTED, _BAD = 421, 400


def other_server(case: Case, finding: Finding) -> Iterator[Attack]:
    """A connection that was opened for one server, used for another that verifies clients."""
    if finding.severity is Severity.NOTICE:
        return
    for socket, server in guests(case):
        if not at(finding, server.origin) and not at(finding, socket.default.origin):
            continue
        honest = let_in(case, server, visit(socket, server, "/"))
        for other in socket.servers:
            if other is server or not plain_name(other):
                continue
            mixed = replace(let_in(case, other, visit(socket, other, "/")), host=plain_name(server))
            names = {"sni": plain_name(other), "host": plain_name(server)}
            who = say("naming {sni} in the handshake and {host} in the request", "握手时用 {sni}，请求中用 {host}", **names)
            yield Attack(who=who, request=mixed, likewise=honest, expects=_MISDIRECTED)


def nameless(case: Case, finding: Finding) -> Iterator[Attack]:
    """A good client without a server name, which another server's handshake never asks for its certificate."""
    if finding.severity is Severity.NOTICE:
        return
    if case.evidence.request is not None or any(line.kind is LineKind.MISDIRECTED for line in case.logged):
        yield from other_server(case, finding)
    for socket, server in guests(case):
        for root in anchors(case, server)[:1]:
            honest = client_of(visit(socket, server, "/"), root)
            who = say("with a good certificate and no server name", "持有效证书但不发送服务器名")
            yield Attack(who=who, request=replace(honest, sni=None), likewise=honest, expects=_BAD)
