"""Attempts with TLS sessions: by a client that was revoked since, and at a server that would not have granted them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from handclasp.diagnose.attempt import Attack, Attempt
from handclasp.diagnose.attempt_parts import anchors, at, client_of, visit
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, http_sockets
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.sessions import survives_reload
from handclasp.model.finding import Finding
from handclasp.model.nginx import TlsServer
from handclasp.nginxconf.select import Socket


def revoked(case: Case, finding: Finding) -> Iterator[Attack]:
    """A client comes in, is revoked, nginx reloads, and it resumes its session."""
    for socket in http_sockets(case):
        kept = survives_reload(socket.default, case.stage.version)
        if kept is None or not at(finding, kept[0].origin or socket.default.origin):
            continue
        for server in socket.servers:
            if server.verify_client.value not in ASKING or not server.crl.value:
                continue
            who = say("revoked meanwhile, with its old session after a reload", "期间证书已被吊销，重新加载后凭原有会话")
            for root in anchors(case, server):
                asked = client_of(visit(socket, server, "/"), root)
                yield Attack(who=who, request=asked, first=asked, likewise=asked, revokes=server.crl.value)


def across(case: Case, finding: Finding) -> Iterator[Attack]:
    """A session that one server granted, at another that would have refused."""
    for socket in http_sockets(case):
        second = next((server for server in socket.servers if at(finding, server.origin)), None)
        if second is None:
            continue
        others = [one for one in socket.servers if one is not second and one.verify_client.value in ASKING]
        for other in others:
            yield from _from_to(case, socket, other, second)
            yield from _from_to(case, socket, second, other)


def _from_to(case: Case, socket: Socket, source: TlsServer, target: TlsServer) -> Iterator[Attack]:
    """By clients that the source admits and the target does not; where no session helps, without a server name."""
    names = {"source": source.label, "target": target.label}
    told = say("with a session of {source} at {target}", "凭 {source} 的会话访问 {target}", **names)
    nameless = say("with a session of {source} at {target}, sending no server name",
                   "凭 {source} 的会话、不发送服务器名访问 {target}", **names)  # fmt: skip
    for client, revokes in _unlike(case, source, target):
        first = client(visit(socket, source, "/"))
        request = client(visit(socket, target, "/"))
        unnamed = replace(request, sni=None)
        bare = Attack(who=told, request=request, likewise=request, revokes=revokes, at_once=revokes is not None)
        yield replace(bare, first=first)
        yield replace(bare, who=nameless, request=unnamed, likewise=unnamed, first=first)
        if socket.default is source:
            who = say(
                "at {target}, sending no server name: {source} verifies", "不发送服务器名访问 {target}，由 {source} 验证",
                **names,
            )  # fmt: skip
            yield replace(bare, who=who, request=unnamed)


def _unlike(case: Case, source: TlsServer, target: TlsServer) -> Iterator[tuple[Callable[[Attempt], Attempt], str | None]]:
    """Clients that one server admits and the other does not, and the CRL file to put them into, if that is the difference."""
    trusted, known = anchors(case, source), anchors(case, target)
    for root in trusted:
        client = partial(client_of, issuer=root)
        if root not in known:
            yield client, None
            continue
        if target.crl.value and target.crl.value != source.crl.value:
            yield client, target.crl.value
        if target.verify_depth.value < source.verify_depth.value:
            yield partial(client_of, issuer=root, below=target.verify_depth.value + 1), None
