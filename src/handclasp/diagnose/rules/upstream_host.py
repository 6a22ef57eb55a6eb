"""The handshake with an upstream names one server and the request another: one that verifies its clients answers 421."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.page import Page, shown
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import Location, TlsUpstream
from handclasp.verdict.behind import sent_host, sent_name

SPLIT = "upstream-host-vs-sni-421"
_MISDIRECTED = 421


def check(case: Case) -> Iterator[Finding]:
    """Certain when the upstream is a server of this configuration, or answered 421; a notice where nobody was answered yet."""
    found = case.stage.upstream_location if case.evidence.root else None
    if found is None or case.stage.upstream is None or case.start_faults:
        return
    upstream, location = case.stage.upstream, found[1]
    names = differing(case, location, upstream)
    if names is None:
        return
    answered = _answered(case)
    if not answered and (not upstream.certificate.value or case.stage.behind is not None):
        return
    sni, host = names
    summary = say(
        "the handshake with {target} names {sni}, and the request is for {host}: an upstream that verifies its clients answers"
        " 421",
        "与 {target} 握手时的服务器名是 {sni}，请求头 Host 却是 {host}：要验证客户端的上游会返回 421",
        target=upstream.target.value, sni=sni, host=host,
    )  # fmt: skip
    header = next((one for one in location.headers.value if one.name.lower() == "host"), None)
    where = Where.at(header.origin, "proxy_set_header") if header else Where.at(upstream.target.origin, "proxy_pass")
    severity, confidence = (
        (Severity.ERROR, Confidence.CERTAIN) if answered else (Severity.NOTICE, Confidence.LIKELY)
    )  # fmt: skip
    yield finding(SPLIT, summary, where, severity=severity, confidence=confidence)


def differing(case: Case, location: Location, upstream: TlsUpstream) -> tuple[str, str] | None:
    """The name in the handshake and the one in the request, where both are sent and differ."""
    sni, host = sent_name(upstream), sent_host(location, upstream, case.stage.scene)
    if sni is None or host is None or host.partition(":")[0].lower() == sni.lower():
        return None
    return sni, host


def _answered(case: Case) -> bool:
    """Whether the upstream said 421: foretold by its own settings, or seen where this nginx has no reason to say it."""
    behind = case.stage.asked_behind
    if behind is not None:
        return behind.status == _MISDIRECTED
    own = case.stage.client_verdict(case.stage.presented or ()).status == _MISDIRECTED
    return shown(case) is Page.MISDIRECTED and not own


RULES = (Rule("upstream-host", (SPLIT,), check),)
