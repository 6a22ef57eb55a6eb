"""No upstream is left to try: a TLS failure took them out, and the log no longer says which."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.verdict import Side

HIDDEN, RESETS = "upstream-fails-over-and-hides-cause", "upstream-peer-resets"
_CLOSED = re.compile(r"peer closed connection in SSL handshake|recv\(\) failed \(104")
_CAUSES = frozenset({LineKind.UPSTREAM_VERIFY, LineKind.UPSTREAM_NAME, LineKind.TLS_FAILURE})


def check(case: Case) -> Iterator[Finding]:
    """An error while nothing says why; a notice when a line of the log does, or the certificates do."""
    lines = [line for line in case.logged if line.kind is LineKind.NO_UPSTREAM]
    upstream = case.stage.upstream if case.evidence.root else None
    if not lines or upstream is None:
        return
    told = [line for line in case.logged if line.kind in _CAUSES and line.side is Side.UPSTREAM]
    known = bool(told) or (case.side is Side.UPSTREAM and case.verdict is not None and not case.verdict.admitted)
    summary = say(
        "after failed handshakes nginx tries {target} no more for a while: these lines come of that and do not say why",
        "握手失败后 nginx 在一段时间内不再尝试 {target}：这些日志行由此而来，并不说明原因", target=upstream.target.value,
    )  # fmt: skip
    shown = say("{line}", "{line}", line=lines[-1].raw)
    first = [say("the reason: {line}", "原因：{line}", line=told[0].raw)] if told else []
    block = upstream.block
    where = Where.at(block.origin if block else upstream.target.origin, "upstream" if block else f"{upstream.module}_pass")
    yield finding(
        HIDDEN, summary, where, shown, *first, severity=Severity.NOTICE if known else Severity.ERROR,
        confidence=Confidence.CERTAIN if known else Confidence.LIKELY,
    )  # fmt: skip


def check_closed(case: Case) -> Iterator[Finding]:
    """The upstream hung up in the handshake without an alert: it is not about certificates, or its log says more."""
    lines = [line for line in case.logged if line.side is Side.UPSTREAM and _CLOSED.match(line.message)]
    upstream = case.stage.upstream if case.evidence.root else None
    if not lines or upstream is None:
        return
    summary = say(
        "{target} closes the connection during the handshake without a word: look for a wait for a PROXY line, an allow-list,"
        " or a name it does not know",
        "{target} 在握手期间不作说明就关闭了连接：请检查它是否在等待 PROXY 行、有白名单，或不认识该名称",
        target=upstream.target.value,
    )  # fmt: skip
    shown = say("{line}", "{line}", line=lines[-1].raw)
    where = Where.at(upstream.target.origin, f"{upstream.module}_pass")
    yield finding(RESETS, summary, where, shown, confidence=Confidence.LIKELY)


RULES = (Rule("upstream-down", (HIDDEN,), check), Rule("upstream-closed", (RESETS,), check_closed))
