"""Log lines held against what this configuration and these certificates would give."""

from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.lines import FALSE_LINE, behind, doubtful, likely, line_findings, said_by
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.pairs import failed_so, without_key
from handclasp.diagnose.rules.protocol import NO_CIPHER, fits_nothing, unsigned
from handclasp.diagnose.rules.reload import OF_CRL, stale
from handclasp.diagnose.rules.standing import standing
from handclasp.diagnose.tells import by_request
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.verdict import Side
from handclasp.verdict.client import plain_verdict

_JUDGED = frozenset({LineKind.CLIENT_VERIFY, LineKind.UPSTREAM_VERIFY})
_OTHERS = frozenset(
    [
        LineKind.CLIENT_OCSP,
        LineKind.HEADER,
        LineKind.NOT_TLS,
        LineKind.OCSP,
        LineKind.OTHER_MODULE,
        LineKind.PLAIN_HTTP,
        LineKind.PROXY_PROTOCOL,
        LineKind.REJECTED,
    ]
)
_PICKED = 20
"""So few lines a person has chosen; of a whole log, what does not fit the question is worth a warning."""


def check_unlike(case: Case) -> Iterator[Finding]:
    """Another error than these files give: nginx runs with older ones, or the client sends something else."""
    verdict = case.verdict
    if verdict is None or verdict.start or case.presented is None or case.party is None or stale(case):
        return
    foreseen = {error.number for error in verdict.errors}
    told: set[int] = set()
    for line in case.logged:
        number = line.number
        if (
            line.kind not in _JUDGED
            or number is None
            or line.side is not case.side
            or line.doubt
            or not about_scene(case, line)
        ):
            continue
        if number in foreseen or number in told:
            continue
        told.add(number)
        yield _unlike(case, line)


def about_scene(case: Case, line: LogLine) -> bool:
    """Whether a line is about the server in question; one that names no server is taken for it."""
    server = case.stage.scene.answer
    return not line.server or line.server in {*server.names, server.label} or case.side is Side.UPSTREAM


def _unlike(case: Case, line: LogLine) -> Finding:
    reported = case.verdict.reported if case.verdict else None
    expected = f"({reported.number}:{reported.text})" if reported else None
    loaded = case.evidence.loaded is not None
    if loaded:
        cause = "client-sends-other-certificate"
        en, zh = "so the client sends something else than what was given here", "因此客户端发送的并不是这里给出的证书"
    else:
        cause = "client-crl-changed-without-reload" if line.number in OF_CRL else "ca-changed-without-reload"
        en, zh = (
            "so nginx runs with older files (reload it), or the client sends something else",
            "因此 nginx 正在使用旧文件（请重新加载），或者客户端发送的是别的证书",
        )
    summary = say(
        "the log says ({number}:{text}), and these files give {expected}: {so}",
        "日志是 ({number}:{text})，而这些文件的结果是 {expected}：{so}",
        number=line.number, text=line.text, expected=expected or say("no error", "没有错误"), so=say(en, zh),
    )  # fmt: skip
    shown = say("{raw}", "{raw}", raw=line.raw)
    return finding(cause, summary, Where(), shown, confidence=Confidence.LIKELY)


def check_unknown_peer(case: Case) -> Iterator[Finding]:
    """A verification error of a peer whose chain nobody gave: what is wrong in nginx's own files, then what it often means."""
    if case.presented is not None or case.start_faults:
        return
    lines = [line for line in case.logged if line.kind in _JUDGED and line.side is case.side and not line.doubt]
    yield from behind(_of_files(case, lines), line_findings(lines, case.stage.version, case.stage.series))


def _of_files(case: Case, lines: list[LogLine]) -> tuple[Finding, ...]:
    """What nginx's own files hold that gives these lines, whoever the peer is."""
    here = [line for line in lines if about_scene(case, line)]
    found: dict[tuple[str, str], Finding] = {}
    for below in standing(case) if here else ():
        line = next((one for one in here if one.number in below.numbers), None)
        for item in below.findings if line else ():
            shown = say("{raw}", "{raw}", raw=line.raw if line else "")
            found.setdefault((item.cause, item.summary.en), replace(item, evidence=(*item.evidence, shown)))
    return tuple(found.values())


def check_others(case: Case) -> Iterator[Finding]:
    """Lines about something else than a certificate's verification; and lines that nginx never wrote."""
    picked = len(case.evidence.log_lines) <= _PICKED
    refused = case.verdict is not None and not case.verdict.admitted
    unloaded = {(line.pid, line.connection) for line in case.logged if line.kind is LineKind.START and line.connection}
    told: set[str] = set()
    for line in case.logged:
        failed = line.kind is LineKind.TLS_FAILURE
        if failed and (line.pid, line.connection) in unloaded:
            continue  # the same handshake said before which file could not be loaded
        found = list(_of_other(case, line))
        for item in found[:1]:
            if item.cause not in told:
                told.add(item.cause)
                # Handshakes of scanners fail too: what refuses this client is worked out already.
                severe = picked and item.severity is Severity.ERROR and not (failed and refused)
                yield item if severe or item.cause == FALSE_LINE else _lower(item)


def _of_other(case: Case, line: LogLine) -> Iterator[Finding]:
    if said_by(line) is not None:
        yield from line_findings((line,))
    elif line.doubt is not None:
        yield doubtful(line)
    elif line.kind is LineKind.PLAIN_HTTP and plain_verdict(case.stage.config, case.stage.scene).admitted:
        return  # sent on to https
    elif failed_so(line) and (without_key(case) or (fits_nothing if NO_CIPHER in line.message else unsigned)(case)):
        return  # told by rules.pairs or rules.protocol, with its reason
    elif (cause := by_request(line)) is not None:
        yield likely(cause, line, severity=Severity.WARNING)
    elif line.kind in _OTHERS or (line.kind is LineKind.TLS_FAILURE and line.side is Side.CLIENT):
        yield from line_findings((line,), case.stage.version, case.stage.series)


def _lower(item: Finding) -> Finding:
    return finding(
        item.cause, item.summary, item.where, *item.evidence, severity=Severity.WARNING, confidence=item.confidence
    )  # fmt: skip


_ANY = ("*",)
RULES = (
    Rule(
        "logged-unlike",
        ("ca-changed-without-reload", "client-crl-changed-without-reload", "client-sends-other-certificate"),
        check_unlike,
    ),
    Rule("logged-alone", _ANY, check_unknown_peer),
    Rule("logged-others", _ANY, check_others, before_start=True),
)
