"""The page about certificates is the upstream's: it wants one from this nginx, and looks as if the visitor's were refused."""

from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.completion import complete
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.page import CERTIFICATE, Page, front_explains, lines_behind, shown
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.chain import ROOT_NAME
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import TlsUpstream, VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Verdict
from handclasp.verdict.client import verify_client
from handclasp.verdict.issued import self_signed

RELAYED, CHAIN = "upstream-400-relayed", "upstream-client-cert-chain-missing"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_USE = "2.5.29.37.0"
_PATH_ERRORS = frozenset({2, 18, 19, 20, 21})


def check(case: Case) -> Iterator[Finding]:
    """Certain when the upstream is a server of this configuration; else by the page, or by the upstream's own log line."""
    upstream = case.stage.upstream if case.evidence.root else None
    if upstream is None or case.start_faults:
        return
    asked = case.stage.asked_behind
    if case.stage.behind is not None and asked is not None:
        yield from _inside(case, upstream, asked)
        return
    lines = lines_behind(case, LineKind.NO_CERTIFICATE, LineKind.CLIENT_VERIFY)
    page = shown(case)
    if lines:
        missing = lines[-1].kind is LineKind.NO_CERTIFICATE
        yield from _outside(case, upstream, Page.NONE_SENT if missing else Page.BAD, lines[-1].number, lines[-1].raw)
    elif page in CERTIFICATE and not front_explains(case):
        yield from _outside(case, upstream, page, None, None)
    elif case.stage.shown and (dated := _out_of_time(case, case.stage.shown[0])):
        told = _refused(upstream, case.stage.shown[0], dated, Confidence.LIKELY)
        yield replace(told, severity=Severity.WARNING, summary=_shows_dated(upstream, dated))


def _inside(case: Case, upstream: TlsUpstream, asked: Verdict) -> Iterator[Finding]:
    """The upstream's rules are at hand: its answer is known."""
    inner = case.stage.behind
    if inner is None or inner.answer.verify_client.value is VerifyClient.OFF or not asked.log or asked.status != 400:
        return
    server = inner.answer.label
    if asked.reported is None:
        yield _no_certificate(upstream, say("{name} asks for one", "{name} 要求证书", name=server))
        return
    shown_chain = case.stage.shown or ()
    number = f"{asked.reported.number}:{asked.reported.text}"
    if asked.reported.number in _PATH_ERRORS and links(case):
        yield _chain_missing(upstream, shown_chain[0], Confidence.CERTAIN)
        return
    says = say("{name} says ({error})", "{name} 报告（{error}）", name=server, error=number)
    yield _refused(upstream, shown_chain[0], says, Confidence.CERTAIN)


def links(case: Case) -> tuple[Certificate, ...]:
    """The certificates at hand that nginx would have to show with its own, and does not; () when there are none.

    With the upstream's server at hand: those with which it would be content.
    """
    chain, stage = case.stage.shown, case.stage
    if not chain:
        return ()
    pool = [item for item in case.pool if not self_signed(item, stage.series)]
    roots = [item for item in case.pool if self_signed(item, stage.series)]
    found = complete(chain[-1], [*pool, *roots], at=case.evidence.at, series=stage.series, preferred=())
    if found is None:
        return _issuer_at_hand(chain, pool)
    added = tuple(item for item in found.missing(chain) if not self_signed(item, stage.series))
    inner = stage.behind
    if inner is not None and added:
        judge = stage.judge(inner.handshake.ciphers.value, inner.handshake.conf_commands.value)
        return added if not verify_client(inner.handshake, (*chain, *added), judge).errors else ()
    return added


def _issuer_at_hand(chain: tuple[Certificate, ...], pool: list[Certificate]) -> tuple[Certificate, ...]:
    near = [item for item in pool if item.subject == chain[-1].issuer and item not in chain]
    return tuple(near[:1])


def _outside(case: Case, upstream: TlsUpstream, page: Page | None, number: int | None, line: str | None) -> Iterator[Finding]:
    """The upstream's rules are not at hand: what it said, and what is in the file that nginx shows it."""
    said = say("{line}", "{line}", line=line) if line else _said_nothing(page)
    chain = case.stage.shown
    if not upstream.certificate.value:
        yield _no_certificate(upstream, said)
        return
    if page is Page.NONE_SENT or chain is None or not chain:
        yield _refused(upstream, None, said, Confidence.LIKELY)
        return
    leaf = chain[0]
    if not may_be_client(leaf):
        yield _refused(upstream, leaf, _purpose(leaf), Confidence.CERTAIN)
        return
    if dated := _out_of_time(case, leaf):
        yield _refused(upstream, leaf, dated, Confidence.CERTAIN)
        return
    if number is not None and number not in _PATH_ERRORS:
        yield _refused(upstream, leaf, said, Confidence.CERTAIN)
        return
    yield from _either(case, upstream, chain, said)


def _either(case: Case, upstream: TlsUpstream, chain: tuple[Certificate, ...], said: Text) -> Iterator[Finding]:
    """A chain that the upstream cannot complete, or a CA that it does not trust: what is at hand, else names, decide."""
    top, at_hand = chain[-1], links(case)
    issuers = [item for item in case.pool if item.subject == top.issuer]
    ends = self_signed(top, case.stage.series) or any(self_signed(item, case.stage.series) for item in issuers)
    gap = _chain_missing(upstream, chain[0], Confidence.LIKELY, said)
    foreign = _refused(upstream, chain[0], said, Confidence.LIKELY)
    if at_hand:
        yield gap
    elif ends:
        yield foreign
    else:
        first, second = (foreign, gap) if ROOT_NAME.search(top.issuer_text) else (gap, foreign)
        yield from (first, replace(second, severity=Severity.WARNING))


def may_be_client(leaf: Certificate) -> bool:
    """Whether its extendedKeyUsage allows a TLS client."""
    uses = leaf.extended_key_usage
    return uses is None or bool({CLIENT_AUTH, ANY_USE} & set(uses))


def _no_certificate(upstream: TlsUpstream, why: Text) -> Finding:
    summary = say(
        "the upstream {target} wants a certificate from this nginx, and {module}_ssl_certificate is not set; the page about a"
        " missing certificate is the upstream's",
        "上游 {target} 向本机 nginx 要求证书，而本机没有可出示的证书：未设置 {module}_ssl_certificate；缺少证书的页面来自上游",
        target=upstream.target.value, module=upstream.module,
    )  # fmt: skip
    return finding(RELAYED, summary, _where(upstream), why)


def _refused(upstream: TlsUpstream, leaf: Certificate | None, why: Text, confidence: Confidence) -> Finding:
    summary = say(
        "the upstream {target} refuses the certificate that this nginx shows it{leaf}; the page is the upstream's",
        "上游 {target} 拒绝了本机 nginx 出示的证书{leaf}；该页面来自上游",
        target=upstream.target.value, leaf=f" ({leaf.subject_text}, {leaf.issuer_text})" if leaf else "",
    )  # fmt: skip
    return finding(RELAYED, summary, _where(upstream), why, _decides(), confidence=confidence)


def _chain_missing(upstream: TlsUpstream, leaf: Certificate, confidence: Confidence, *why: Text) -> Finding:
    summary = say(
        "{file} holds {leaf} without the intermediate that issued it, {issuer}: nginx shows the upstream exactly this file",
        "{file} 中只有 {leaf}，没有签发它的中间证书 {issuer}：nginx 会原样向上游出示这个文件",
        file=upstream.certificate.value, leaf=leaf.subject_text, issuer=leaf.issuer_text,
    )  # fmt: skip
    evidence = why if confidence is Confidence.CERTAIN else (*why, _decides())
    return finding(CHAIN, summary, _where(upstream), *evidence, confidence=confidence)


def _said_nothing(page: Page | None) -> Text:
    words = page.value if page else ""
    return say(
        '"{words}", and the visitor is not to blame: this nginx does not verify clients there, or let this one in',
        "“{words}”，而问题不在访问者：本机 nginx 在那里不验证客户端，或已经接受了该客户端", words=words,
    )  # fmt: skip


def _purpose(leaf: Certificate) -> Text:
    return say(
        "{leaf} may not be used by a TLS client: its extendedKeyUsage lacks clientAuth",
        "{leaf} 不能用作 TLS 客户端证书：extendedKeyUsage 中没有 clientAuth", leaf=leaf.subject_text,
    )  # fmt: skip


def _out_of_time(case: Case, leaf: Certificate) -> Text | None:
    """What a clock has against the certificate; None when it is within its time."""
    at = case.evidence.at
    if leaf.not_before <= at < leaf.not_after:
        return None
    if at < leaf.not_before:
        return say(
            "{leaf} is valid only from {date}", "{leaf} 自 {date} 起才有效",
            leaf=leaf.subject_text, date=f"{leaf.not_before:%Y-%m-%d %H:%M}Z",
        )  # fmt: skip
    return say(
        "{leaf} expired on {date}", "{leaf} 已于 {date} 过期",
        leaf=leaf.subject_text, date=f"{leaf.not_after:%Y-%m-%d %H:%M}Z",
    )  # fmt: skip


def _shows_dated(upstream: TlsUpstream, dated: Text) -> Text:
    return say(
        "the certificate that this nginx shows {target} is out of its time: {dated}; an upstream that verifies refuses it",
        "本机 nginx 向 {target} 出示的证书不在有效期内：{dated}；会验证证书的上游将拒绝它",
        target=upstream.target.value, dated=dated,
    )  # fmt: skip


def _decides() -> Text:
    return say(
        "the upstream's error log at level info names the error; $upstream_status tells whose answer it is",
        "上游 info 级别的错误日志会给出错误编号；$upstream_status 说明是谁的应答",
    )


def _where(upstream: TlsUpstream) -> Where:
    origin = upstream.certificate.origin
    directive = f"{upstream.module}_ssl_certificate"
    return Where.at(origin or upstream.target.origin, directive if origin else f"{upstream.module}_pass")


RULES = (Rule("relayed", (RELAYED, CHAIN), check),)
