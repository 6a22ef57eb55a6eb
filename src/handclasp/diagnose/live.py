"""What a live address shows by itself, without its configuration: whether it asks, whom it accepts, how it refuses."""

import re
from collections.abc import Iterator

from handclasp.catalogue import symptoms
from handclasp.catalogue.causes import outline
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.rule import finding, say
from handclasp.diagnose.symptom_causes import causes_of
from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Evidence, Seen
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.text import Text
from handclasp.verdict.client import BAD, NONE_SENT

_MOST = 3
_REDIRECTS, _BEHIND = 300, 502
_ALERT = re.compile(r"(?P<name>\w+) \((?P<number>\d+)\)")
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
    if not plain.asked:
        broken = plain.status is None and plain.alert
        yield from _by_alert(plain) if broken else (_never_asks(plain),)
        return
    nameless = [item for item in evidence.seen if not item.sni]
    if nameless and not nameless[0].asked and nameless[0].alert is None and plain.sni:
        yield _asks_by_name_only(nameless[0])
    if plain.status is not None and plain.status < _REDIRECTS:
        yield _asks_in_vain(plain)
    ours = [item for item in evidence.seen if item.certificate]
    refused = next(filter(_failed, ours), None)
    if refused is not None:
        yield from _refused(refused, presented)
    elif not ours and plain.title == NONE_SENT:
        yield _nothing_sent(plain)
    elif not ours and plain.status == _BEHIND:
        yield from _by_answer(plain)


def _refused(seen: Seen, presented: tuple[Certificate, ...]) -> Iterator[Finding]:
    """The client in question did not get its content."""
    if presented and seen.advertised and not _advertised(presented, seen):
        yield _other_ca(presented[0], seen)
        if len(presented) == 1 and not presented[0].self_issued:
            yield _cut_short(presented[0], seen)
    yield from _by_answer(seen)
    if seen.title is None and seen.alert:
        yield from _by_alert(seen)


def _failed(seen: Seen) -> bool:
    """Whether nginx refused a client, or could not reach what is behind it."""
    return seen.title in {BAD, NONE_SENT} or seen.status is None or seen.status == _BEHIND


def _asks_in_vain(seen: Seen) -> Finding:
    summary = say(
        "{url} asks for a certificate and answers {status} to those who send none: there at least, nobody needs one",
        "{url} 要求证书，却对不发送证书的客户端回答 {status}：至少在该地址不需要证书", url=seen.url, status=seen.status or "",
    )  # fmt: skip
    return finding(
        "optional-not-enforced", summary, Where(), severity=Severity.WARNING, confidence=Confidence.LIKELY
    )  # fmt: skip


def _cut_short(leaf: Certificate, seen: Seen) -> Finding:
    summary = say(
        "or {issuer} is an intermediate below one of the CAs that {url} accepts, and is not sent with {leaf}",
        "或者 {issuer} 是 {url} 接受的某个 CA 下的中间证书，而没有随 {leaf} 一起发送",
        issuer=leaf.issuer_text, url=seen.url, leaf=leaf.subject_text,
    )  # fmt: skip
    return finding(
        "client-intermediate-missing", summary, Where(subject=leaf.subject_text), severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
    )  # fmt: skip


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


def _by_alert(seen: Seen) -> Iterator[Finding]:
    """A handshake that was broken off: what such an alert is about, in the order to look."""
    alert = _ALERT.match(seen.alert or "")
    words = f"ALERT_{alert['name'].upper()}, fatal alert: {alert['name']}, alert number {alert['number']}" if alert else ""
    entry = symptoms.said_in(words)
    for rank, item in enumerate(causes_of(entry)[:_MOST] if entry else ()):
        summary = say(
            "{url} breaks the handshake off with the alert {alert}: {title}", "{url} 以警报 {alert} 中断握手：{title}",
            url=seen.url, alert=seen.alert or "", title=outline(item.cause).title,
        )  # fmt: skip
        severity = Severity.WARNING if rank else Severity.ERROR
        yield finding(item.cause, summary, Where(), item.check, severity=severity, confidence=Confidence.LIKELY)


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
