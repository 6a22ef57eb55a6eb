"""nginx asked for a certificate and the client sent none: because it has none, or because of who asks, and how."""

from collections.abc import Iterator

from handclasp.catalogue.causes import outline
from handclasp.diagnose.case import Case
from handclasp.diagnose.lines import likely
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.tells import by_request, of_request
from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Seen
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.trust import certificates_in

NONE, ENDED, FILTERED = "client-sent-no-cert", "tls-terminated-before-nginx", "client-filtered-by-ca-list"

_ASKERS: dict[str, tuple[str, str]] = {
    "cors-preflight-has-no-cert": (
        "a browser's preflight (OPTIONS) never carries a certificate, and {server} insists on one",
        "浏览器的预检请求（OPTIONS）从不携带证书，而 {server} 强制要求证书",
    ),
    "health-check-has-no-cert": (
        "a health check asks {server} without a certificate, and {server} insists on one",
        "健康检查访问 {server} 时不带证书，而 {server} 强制要求证书",
    ),
    "http3-client-cert": (
        "the request came over HTTP/3, where browsers send no client certificate, and {server} insists on one",
        "请求通过 HTTP/3 到达，浏览器在其上不发送客户端证书，而 {server} 强制要求证书",
    ),
}


def check(case: Case) -> Iterator[Finding]:
    """The client is said to send none, or the log says so. Who asks comes first, when the request gives it away."""
    server = _insists(case)
    lines = [line for line in case.logged if line.kind is LineKind.NO_CERTIFICATE]
    if server is None:
        return
    ended = _asked_by_another(case)
    if ended is not None and (lines or ended.title):
        yield _ended(server, ended, lines)
        return
    if case.presented and lines and not _named(case, server):
        yield _filtered(server, case.presented, lines)
    if case.presented != () and not (case.presented is None and lines):
        return
    summary = say(
        "{server} asks for a client certificate and the client sends none",
        "{server} 要求客户端证书，而客户端没有发送", server=server.label,
    )  # fmt: skip
    where = Where.at(server.verify_client.origin, "ssl_verify_client")
    shown = tuple(say("{line}", "{line}", line=line.raw) for line in lines[-1:])
    asker = _asker(case, lines)
    if asker is not None:
        told = say(*_ASKERS[asker], server=server.label)
        yield finding(asker, told, where, *shown, confidence=Confidence.LIKELY)
    yield finding(NONE, summary, where, *shown, severity=Severity.WARNING if asker else Severity.ERROR)
    if case.presented is None and asker is None:
        # Nobody says what the client has: a certificate may have been on its way.
        for cause in (ENDED, FILTERED):
            yield likely(cause, lines[-1], outline(cause).tell_apart, severity=Severity.WARNING)


def _insists(case: Case) -> TlsServer | None:
    """The server that must have a certificate of this client; None when there is none such."""
    request = case.evidence.request
    if case.side is not Side.CLIENT or not case.stage.scene.socket.listen.tls or (request is not None and request.plain):
        return None
    server = case.stage.scene.handshake
    return server if server.verify_client.value is VerifyClient.ON and not server.reject_handshake.value else None


def _asker(case: Case, lines: list[LogLine]) -> str | None:
    """The cause that the request in question gives away: as it was given, else when every line tells the same."""
    request = case.evidence.request
    if request is not None:
        return of_request(f"{request.method} {case.evidence.location} ")
    told = {by_request(line) for line in lines}
    return told.pop() if len(told) == 1 else None


def _named(case: Case, server: TlsServer) -> bool:
    """Whether the list of CAs that nginx tells clients names an issuer of what this client holds."""
    advertised = {item.subject for item in certificates_in(case.evidence.files, server.client_certificate.value)}
    return not advertised or any(item.issuer in advertised for item in case.presented or ())


def _filtered(server: TlsServer, presented: tuple[Certificate, ...], lines: list[LogLine]) -> Finding:
    summary = say(
        "the client has a certificate and sent none: {issuer}, who issued it, is not among the CAs that {server} names, and"
        " many clients (Java, browsers) then send nothing",
        "客户端有证书却没有发送：签发者 {issuer} 不在 {server} 公布的 CA 之中，许多客户端（Java、浏览器）这时什么都不发送",
        issuer=presented[-1].issuer_text, server=server.label,
    )  # fmt: skip
    where = Where.at(server.client_certificate.origin, "ssl_client_certificate")
    shown = say("{line}", "{line}", line=lines[-1].raw)
    return finding(FILTERED, summary, where, shown, confidence=Confidence.LIKELY)


def _asked_by_another(case: Case) -> Seen | None:
    """A handshake with the name in question in which nobody asked for a certificate, though this nginx would have."""
    name = case.stage.scene.host
    mine = (seen for seen in case.evidence.seen if seen.sni and seen.tls and f"//{name}" in seen.url)
    return next((seen for seen in mine if not seen.asked), None)


def _ended(server: TlsServer, seen: Seen, lines: list[LogLine]) -> Finding:
    summary = say(
        "something in front of nginx ends TLS: at {url} nobody asks for a certificate, and {server} does",
        "nginx 前面有设备终止了 TLS：{url} 不要求证书，而 {server} 要求", url=seen.url, server=server.label,
    )  # fmt: skip
    shown: tuple[Text, ...] = tuple(say("{line}", "{line}", line=line.raw) for line in lines[-1:])
    return finding(ENDED, summary, Where.at(server.verify_client.origin, "ssl_verify_client"), *shown)


RULES = (Rule("no-certificate", (NONE, ENDED, FILTERED, *_ASKERS), check),)
