"""Refusals of clients are logged at info, which the usual levels do not show."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import VerifyClient
from handclasp.model.verdict import Side

_SHOWN = frozenset({"info", "debug"})


def check(case: Case) -> Iterator[Finding]:
    """No error log of the server is at info. A warning while clients are or may be refused, else a notice."""
    if case.side is not Side.CLIENT:
        return
    server = case.stage.scene.answer
    if server.verify_client.value is VerifyClient.OFF or any(log.level in _SHOWN for log in server.error_logs.value):
        return
    level = server.error_logs.value[-1].level if server.error_logs.value else "error"
    summary = say(
        "refused client certificates leave no line in the log: nginx writes them at level info, and error_log is at {level}",
        "客户端证书被拒绝时日志中没有任何记录：nginx 以 info 级别记录，而 error_log 的级别是 {level}", level=level,
    )  # fmt: skip
    where = Where.at(server.error_logs.origin or server.origin, "error_log")
    served = case.verdict is not None and case.verdict.admitted
    severity = Severity.NOTICE if served else Severity.WARNING
    yield finding("error-log-level-hides-reason", summary, where, severity=severity)


RULES = (Rule("log-level", ("error-log-level-hides-reason",), check),)
