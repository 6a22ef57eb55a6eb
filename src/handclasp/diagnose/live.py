"""What a live address shows by itself, without its configuration: whether it asks, whom it accepts, how it refuses."""

from collections.abc import Iterator

from handclasp.catalogue.causes import outline
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.rule import finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Evidence, Seen
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.text import Text
from handclasp.verdict.client import BAD, NONE_SENT

_MOST = 3
_NGINX = ("nginx", "openresty", "tengine", "angie", "freenginx")
_NAMELESS = Text(
    en="the answer names no server, as nginx does (Server: nginx): perhaps another program answers there",
    zh="应答中没有服务器名称（nginx 会给出 Server: nginx）：那里应答的可能是别的程序",
)


def live_findings(evidence: Evidence, presented: tuple[Certificate, ...]) -> tuple[Finding, ...]:
    """What the handshakes show, the surest first; () when nobody looked or everything was answered."""
    if not evidence.seen:
        return ()
    return tuple(_findings(evidence, presented))


def _findings(evidence: Evidence, presented: tuple[Certificate, ...]) -> Iterator[Finding]:
    plain = evidence.seen[0]
    ours = [item for item in evidence.seen if item.certificate]
    if not plain.asked:
        yield _never_asks(plain)
        return
    nameless = [item for item in evidence.seen if not item.sni]
    if nameless and not nameless[0].asked and nameless[0].alert is None and plain.sni:
        yield _asks_by_name_only(nameless[0])
    refused = next((item for item in ours if item.title in {BAD, NONE_SENT} or item.status is None), None)
    if refused is None:
        if not ours and plain.title == NONE_SENT:
            yield _nothing_sent(plain)
        return
    if presented and refused.advertised and not _advertised(presented, refused):
        yield _other_ca(presented[0], refused)
    yield from _by_answer(refused)


def _never_asks(seen: Seen) -> Finding:
    if seen.server and not seen.server.lower().startswith(_NGINX):
        return _somebody_else(seen)
    summary = say(
        "{url} does not ask for a client certificate: verification is off for this name, or TLS ends before this nginx",
        "{url} 没有要求客户端证书：该名称未开启验证，或者 TLS 在到达此 nginx 之前就已终止", url=seen.url,
    )  # fmt: skip
    severity = Severity.ERROR if seen.title == NONE_SENT else Severity.WARNING
    evidence = (_NAMELESS,) if seen.server == "" else ()
    return finding("verify-client-not-enabled", summary, Where(), *evidence, severity=severity, confidence=Confidence.LIKELY)


def _somebody_else(seen: Seen) -> Finding:
    summary = say(
        "{url} does not ask for a client certificate, and calls itself {server}: TLS ends there, before any nginx",
        "{url} 没有要求客户端证书，并自称 {server}：TLS 在那里终止，没有到达 nginx", url=seen.url, server=seen.server or "",
    )  # fmt: skip
    return finding("tls-terminated-before-nginx", summary, Where(), severity=Severity.WARNING, confidence=Confidence.LIKELY)


def _asks_by_name_only(seen: Seen) -> Finding:
    summary = say(
        "without SNI, {url} does not ask for a certificate: another server block answers such clients",
        "不带 SNI 时 {url} 不要求证书：这类客户端由另一个 server 块应答", url=seen.url,
    )  # fmt: skip
    return finding("request-by-ip-or-without-sni", summary, Where(), severity=Severity.NOTICE)


def _nothing_sent(seen: Seen) -> Finding:
    summary = say(
        "{url} asks for a client certificate; none was given here, and it answered: {title}",
        "{url} 要求客户端证书；此处没有提供证书，它的回答是：{title}", url=seen.url, title=seen.title or "-",
    )  # fmt: skip
    return finding("client-sent-no-cert", summary, Where(), _accepted(seen))


def _other_ca(leaf: Certificate, seen: Seen) -> Finding:
    summary = say(
        "{leaf} was issued by {issuer}, which is not among the CAs that {url} accepts",
        "{leaf} 由 {issuer} 签发，而 {url} 接受的 CA 中没有它", leaf=leaf.subject_text, issuer=leaf.issuer_text, url=seen.url,
    )  # fmt: skip
    return finding(
        "client-ca-not-trusted", summary, Where(subject=leaf.subject_text), _accepted(seen), confidence=Confidence.LIKELY
    )


def _accepted(seen: Seen) -> Text:
    return say("CAs it accepts: {names}", "它接受的 CA：{names}", names="; ".join(seen.advertised) or "-")


def _advertised(presented: tuple[Certificate, ...], seen: Seen) -> bool:
    names = set(seen.advertised)
    return any(item.issuer_text in names or item.subject_text in names for item in presented)


def _by_answer(seen: Seen) -> Iterator[Finding]:
    """Every cause that gives this page, the most frequent first, each with the check that tells it apart."""
    if seen.title is None:
        return
    ranked = candidates(Clue(status=seen.status, title=seen.title))
    own = [one for one in ranked if not one.look_alike and outline(one.cause).side is not None][:_MOST]
    for number, item in enumerate(own):
        severity = Severity.WARNING if number else Severity.ERROR
        title = outline(item.cause).title
        yield finding(item.cause, title, Where(), item.why, item.check, severity=severity, confidence=Confidence.LIKELY)
