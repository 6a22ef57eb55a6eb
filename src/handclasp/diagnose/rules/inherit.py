"""Client verification that reaches servers and paths where clients have no certificates, often by inheritance from http{}."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import answered, behind_tls, guarded, places, written_in
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket

_FOR_MACHINES = re.compile(
    r"/(?:\.well-known/acme-challenge|health\w*|livez|readyz|ping|ready|alive|nginx_status|stub_status)\b"
)


def check(case: Case) -> Iterator[Finding]:
    """Paths for machines behind `on`; and whole servers that ask everybody because http{} does."""
    if case.side is not Side.CLIENT:
        return
    for socket, server in behind_tls(case):
        inherited = server.verify_client.origin is not None and not written_in(server.verify_client, server, case)
        if server.verify_client.value is VerifyClient.ON:
            yield from _machines(case, socket, server, inherited=inherited)
            if inherited and _others_say(case, server):
                yield _demanded(server)
        elif server.verify_client.value is not VerifyClient.OFF and inherited and not _looks(case, server):
            summary = say(
                "{server} asks every visitor for a certificate because http{{}} says so, and makes no use of it",
                "{server} 因为 http{{}} 的设置而向每个访客索取证书，却没有使用它", server=server.label,
            )  # fmt: skip
            where = Where.at(server.verify_client.origin, "ssl_verify_client")
            yield finding("optional-prompts-everyone", summary, where, severity=Severity.NOTICE)


def _others_say(case: Case, server: TlsServer) -> bool:
    """Whether another TLS server says by itself whether it asks for certificates: then http{} may not have meant this one."""
    every = (other for _, other in behind_tls(case) if other is not server)
    return any(other.verify_client.origin is not None and written_in(other.verify_client, other, case) for other in every)


def _demanded(server: TlsServer) -> Finding:
    summary = say(
        "{server} lets nobody in without a certificate because http{{}} says so; other servers say it themselves",
        "{server} 因为 http{{}} 的设置而不放行没有证书的访问者；其他 server 则各自设置", server=server.label,
    )  # fmt: skip
    where = Where.at(server.verify_client.origin, "ssl_verify_client")
    return finding("client-sent-no-cert", summary, where, severity=Severity.NOTICE)


def _machines(case: Case, socket: Socket, server: TlsServer, *, inherited: bool) -> Iterator[Finding]:
    for place in places(server):
        if place.location is None or not _FOR_MACHINES.search(place.location.path):
            continue
        if answered(case, socket, server, place.uri).admitted:
            continue
        summary = say(
            "{path} of {server} answers nobody without a certificate{why}: probes and certificate renewals have none",
            "{server} 的 {path} 不响应没有证书的请求{why}：探测和证书续期没有客户端证书",
            path=place.location.path, server=server.label,
            why=say(", which http{{}} demands", "（由 http{{}} 要求）") if inherited else say("", ""),
        )  # fmt: skip
        yield finding(
            "health-check-has-no-cert", summary, Where.at(place.location.origin, "location"), severity=Severity.NOTICE
        )  # fmt: skip


def _looks(case: Case, server: TlsServer) -> bool:
    """Whether anything in a server depends on who the client is."""
    config = case.stage.config
    headers = (header.value for location in server.locations for header in location.headers.value)
    return any(guarded(config, server, location) for location in (None, *server.locations)) or any(
        "$ssl_client_" in value for value in headers
    )


RULES = (Rule("inherited", ("optional-prompts-everyone", "health-check-has-no-cert", "client-sent-no-cert"), check),)
