"""ssl_verify_client optional: a certificate is asked for and nobody insists; and what `optional` does not forgive."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import meant_open, open_places
from handclasp.diagnose.reach import Place, behind_tls, told_backend
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.verdict import Side

_OPTIONAL = frozenset({VerifyClient.OPTIONAL, VerifyClient.OPTIONAL_NO_CA})


def check(case: Case) -> Iterator[Finding]:
    """Nobody insists: a warning. The backend is told, or other locations check: worth a look."""
    if case.side is not Side.CLIENT:
        return
    for socket, server in behind_tls(case):
        if server.verify_client.value in _OPTIONAL:
            found = open_places(case, socket, server)
            public = meant_open(case, server, found)
            if len(found) > len(public):
                yield _of_server(case, server, [place for place in found if place not in public])
            if public:
                yield _beside_checked(server, public)


def _beside_checked(server: TlsServer, public: list[Place]) -> Finding:
    summary = say(
        "{server} checks certificates in some locations; {places} is open to everybody: right, if it is public",
        "{server} 只在部分 location 中检查证书；{places} 对所有人开放：若本来就是公开内容，则没有问题",
        server=server.label, places=", ".join(place.uri for place in public[:5]),
    )  # fmt: skip
    where = Where.at((public[0].location.origin if public[0].location else None) or server.origin, "location")
    return finding("optional-not-enforced", summary, where, severity=Severity.NOTICE)


def _of_server(case: Case, server: TlsServer, found: list[Place]) -> Finding:
    config = case.stage.config
    told = all(told_backend(config, place.location) for place in found)
    # Whether a place is meant to be open (a health check, a public start page) only its owner knows.
    severity = Severity.NOTICE if told else Severity.WARNING
    summary = say(
        "{server} asks for a certificate but does not insist: a request without one is answered at {places}",
        "{server} 请求证书但并不强制：没有证书的请求在 {places} 也会得到响应",
        server=server.label, places=", ".join(place.uri for place in found[:5]),
    )  # fmt: skip
    shown = say(
        "ssl_verify_client {mode}, and nothing there refuses $ssl_client_verify NONE",
        "ssl_verify_client {mode}，而那里没有拒绝 $ssl_client_verify 为 NONE 的请求", mode=server.verify_client.value.value,
    )  # fmt: skip
    decides = say("the backend is told who the client is, and must refuse itself", "后端会得知客户端身份，必须由它自己拒绝")
    where = Where.at(server.verify_client.origin or server.origin, "ssl_verify_client")
    return finding("optional-not-enforced", summary, where, shown, *((decides,) if told else ()), severity=severity)


def check_forgiveness(case: Case) -> Iterator[Finding]:
    """`optional` forgives a missing certificate and no bad one; optional_no_ca only an unknown CA."""
    if case.side is not Side.CLIENT or case.verdict is None or case.verdict.reported is None or case.verdict.admitted:
        return
    mode = case.stage.scene.answer.verify_client
    if mode.value not in _OPTIONAL:
        return
    summary = say(
        "ssl_verify_client {mode} does not let a bad certificate through: error {number} is refused all the same",
        "ssl_verify_client {mode} 不会放过有问题的证书：错误 {number} 同样会被拒绝",
        mode=mode.value.value, number=case.verdict.reported.number,
    )  # fmt: skip
    yield finding("optional-semantics", summary, Where.at(mode.origin, "ssl_verify_client"), severity=Severity.NOTICE)


RULES = (
    Rule("optional", ("optional-not-enforced",), check),
    Rule("optional-forgives", ("optional-semantics",), check_forgiveness),
)
