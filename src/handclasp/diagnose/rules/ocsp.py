"""ssl_ocsp: nginx asks a responder about every client's certificate and refuses whom it hears nothing good of."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.page import Page, own_lines, shown
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Side, Verdict
from handclasp.verdict.client import BAD
from handclasp.verdict.issued import self_signed

CAUSE = "client-ocsp-unreachable"
_OFF = "off"
_NO_STATUS = "certificate status request failed"
_LOG = f"client SSL certificate verify error: {_NO_STATUS} while reading client request headers"
_STAPLING = ', certificate: "'  # what nginx asks about its own certificate is another matter
_TOLD = frozenset({LineKind.OCSP, LineKind.CLIENT_OCSP})


@dataclass(frozen=True, slots=True)
class Reason:
    """What nginx says of the responder (ngx_event_openssl_stapling.c), and what that means."""

    key: str
    words: re.Pattern[str]
    en: str
    zh: str


REASONS: tuple[Reason, ...] = tuple(
    Reason(key, re.compile(words), en, zh)
    for key, words, en, zh in (
        ("no-url", r"no OCSP responder URL in certificate", ("no responder is named, neither in the certificate nor by"
         " ssl_ocsp_responder"), "没有指明响应器：证书里没有，也没有 ssl_ocsp_responder"),
        ("no-resolver", r"no resolver defined to resolve", "nginx has no resolver for the responder's name",
         "nginx 没有解析响应器域名所需的 resolver"),
        ("no-address", r"could not be resolved|while resolving", "the responder's name could not be resolved",
         "响应器的域名无法解析"),
        ("signer", r"OCSP_basic_verify\(\) failed|signer certificate not found", ("the answer is signed by somebody whom the"
         " client's CA did not put in charge"), "应答的签名者未得到该客户端 CA 的授权"),
        ("stale", r"status expired", "the answer is out of date: the responder goes on giving an old one, or the clocks differ",
         "应答已过期：响应器仍在给出旧应答，或时钟不一致"),
        ("early", r"status not yet valid", "the answer is not valid yet: the clocks of nginx and the responder differ",
         "应答尚未生效：nginx 与响应器的时钟不一致"),
        ("other-certificate", r"certificate status not found", "the answer is about another certificate or another CA",
         "应答针对的是另一张证书或另一个 CA"),
        ("not-in-charge", r"not successful \(6: ", "the responder says that it is not in charge of this CA (unauthorized)",
         "响应器表示自己不负责该 CA（unauthorized）"),
        ("unsuccessful", r"not successful \(", "the responder answers that it cannot answer", "响应器回答说它无法应答"),
        ("unknown", r"certificate status unknown", "the responder does not know the certificate", "响应器不认识该证书"),
        ("no-ocsp", r"d2i_OCSP|Content-Type|OCSP responder sent (?:invalid|too)|OCSP response (?:is|status)",
         "what answers there is no OCSP responder", "在那里应答的不是 OCSP 响应器"),
        ("down", r"prematurely closed|Connection refused|timed out|recv\(\) failed|send\(\) failed|connect\(\)",
         "the responder does not answer", "响应器没有应答"),
    )
)  # fmt: skip
_ANY = Reason("any", re.compile(""), "nginx got no usable answer of it", "nginx 没有得到可用的应答")
BY_KEY = {reason.key: reason for reason in (*REASONS, _ANY)}


def check(case: Case) -> Iterator[Finding]:
    """What the log says of the responder; without a log what the configuration and the certificates say."""
    server = case.stage.scene.handshake
    if case.side is not Side.CLIENT or not asks(server) or case.start_faults:
        return
    where = Where.at(server.ocsp_responder.origin or server.ocsp.origin or server.origin, "ssl_ocsp")
    logged = [line for line in case.logged if line.kind in _TOLD and line.text != "certificate revoked"]
    own = [line for line in logged if _STAPLING not in line.raw]
    if reason := reason_in(own):
        lines = (say("{raw}", "{raw}", raw=line.raw) for line in own[:3])
        yield finding(CAUSE, _summary(reason), where, *lines)
        return
    if reason := missing(case, server):
        yield finding(CAUSE, _summary(reason), where)
        return
    good = case.verdict is not None and case.verdict.admitted and case.presented
    if good and shown(case) is Page.BAD and not own_lines(case):
        rest = say("everything else about this certificate is in order", "该证书的其他方面都没有问题")
        yield finding(CAUSE, _summary(_ANY), where, rest, confidence=Confidence.LIKELY)


def refused(verdict: Verdict, findings: Iterable[Finding]) -> Verdict:
    """The verdict on the certificate, and on top of it what comes of a responder that says nothing good."""
    known = any(item.cause == CAUSE and item.severity is Severity.ERROR for item in findings)
    if not known or verdict.side is not Side.CLIENT or verdict.status is None or not verdict.admitted:
        return verdict
    return replace(verdict, status=400, title=BAD, verify=f"FAILED:{_NO_STATUS}", log=_LOG)


def asks(server: TlsServer) -> bool:
    """Whether nginx asks for the status of clients' certificates."""
    return server.ocsp.value != _OFF and server.verify_client.value in {VerifyClient.ON, VerifyClient.OPTIONAL}


def reason_in(lines: list[LogLine]) -> Reason | None:
    """The most telling of the reasons that lines give; None when they give none."""
    known = next((reason for reason in REASONS for line in lines if reason.words.search(line.raw)), None)
    return known or (_ANY if any(line.kind is LineKind.CLIENT_OCSP for line in lines) else None)


def missing(case: Case, server: TlsServer) -> Reason | None:
    """Why nginx has nobody to ask, whatever the responder would say; None: it has."""
    if server.ocsp_responder.value:
        return None  # its name is resolved once, at start
    for certificate in _asked_about(case, server):
        urls = [url for url in certificate.ocsp_urls if url.lower().startswith("http://")]
        if not urls:
            return BY_KEY["no-url"]
        if not server.resolver.value and not _is_address(urlsplit(urls[0]).hostname or ""):
            return BY_KEY["no-resolver"]
    return None


def _asked_about(case: Case, server: TlsServer) -> Iterator[Certificate]:
    """With "leaf" the client's own certificate, with "on" every one of a good path but the root."""
    if not case.presented or case.verdict is None or not case.verdict.admitted:
        return
    path = [step.certificate for step in case.verdict.path] or list(case.presented)
    for certificate in path[:1] if server.ocsp.value == "leaf" else path:
        if not self_signed(certificate, case.stage.series):
            yield certificate


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _summary(reason: Reason) -> Text:
    return say(
        "ssl_ocsp refuses clients of whom the responder says nothing good: {why}",
        "ssl_ocsp 会拒绝查不到良好状态的客户端：{why}", why=say(reason.en, reason.zh),
    )  # fmt: skip


RULES = (Rule("ocsp", (CAUSE,), check),)
"""For `rules.ALL`."""
