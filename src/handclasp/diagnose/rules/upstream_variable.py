"""The certificate for an upstream is named by a variable: workers read it at every request, as their own user, or show none."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.page import Page, front_explains, lines_behind, shown
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.text import Text

UNREADABLE = "upstream-variable-cert-unreadable"


def check(case: Case) -> Iterator[Finding]:
    """An error when a worker could not load it or the upstream saw none; a notice where nobody asked yet."""
    upstream = case.stage.upstream if case.evidence.root else None
    named = upstream.certificate.value if upstream else None
    if upstream is None or named is None or "$" not in named or case.start_faults:
        return
    why = _why(case)
    summary = say(
        "{directive} {name} holds a variable: workers read the file at every request as their own user, and where it is empty"
        " they show no certificate",
        "{directive} {name} 含有变量：工作进程在每个请求时以自己的用户身份读取该文件；变量为空时不出示证书",
        directive=f"{upstream.module}_ssl_certificate", name=named,
    )  # fmt: skip
    where = Where.at(upstream.certificate.origin, f"{upstream.module}_ssl_certificate")
    severity, confidence = (Severity.ERROR, Confidence.LIKELY) if why else (Severity.NOTICE, Confidence.CERTAIN)
    yield finding(UNREADABLE, summary, where, *((why,) if why else ()), severity=severity, confidence=confidence)


def _why(case: Case) -> Text | None:
    """What shows that it matters: a worker's complaint, or the upstream's about a missing certificate."""
    ours = (line for line in case.logged if "upstream" in (line.context or ""))
    failed = [line for line in ours if line.message.startswith("cannot load certificate")]
    missed = lines_behind(case, LineKind.NO_CERTIFICATE)
    for line in (*failed, *missed):
        return say("{line}", "{line}", line=line.raw)
    if shown(case) is Page.NONE_SENT and not front_explains(case):
        return say("the upstream says that it saw no certificate", "上游表示没有收到证书")
    return None


RULES = (Rule("upstream-variable", (UNREADABLE,), check),)
