"""Log lines by themselves: what each can mean, the most frequent cause first, with the check that tells it from the others."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from handclasp.catalogue import symptoms
from handclasp.catalogue.causes import outline
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.log_line import Doubt, LineKind, LogLine
from handclasp.diagnose.pasted import cleaned, clue_in, read_pasted
from handclasp.diagnose.rule import finding, say
from handclasp.diagnose.symptom_causes import causes_of
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.text import Text

FALSE_LINE = "pasted-line-not-from-nginx"
_SILENT = frozenset({LineKind.OTHER, LineKind.UNKNOWN})
_DOUBTS: dict[Doubt, tuple[str, str]] = {
    Doubt.WORDING: ("nginx has no message with these words", "nginx 没有这样措辞的消息"),
    Doubt.NUMBER_AND_TEXT: (
        "the number and the text are not those of one OpenSSL error",
        "编号和文字不属于同一个 OpenSSL 错误",
    ),
    Doubt.LEVEL: ("nginx writes this message at level info only", "nginx 只以 info 级别写这条消息"),
    Doubt.NO_NUMBER: ("nginx writes the number of the error in front of its text", "nginx 会在错误文字前写出编号"),
}


def line_findings(
    lines: Iterable[LogLine], version: NginxVersion | None = None, series: OpensslSeries | None = None
) -> tuple[Finding, ...]:
    """Findings for lines without anything else to go by: nginx's own first, then what stands around them.

    Lines that say the same count once.
    """
    every = tuple(lines)
    own = (line for line in every if line.kind is not LineKind.UNKNOWN)
    others = (line for line in every if line.kind is LineKind.UNKNOWN)
    return behind(_findings(own, version, series), _findings(others, version, series))


def _findings(lines: Iterable[LogLine], version: NginxVersion | None, series: OpensslSeries | None) -> tuple[Finding, ...]:
    found: dict[tuple[str, Severity], Finding] = {}
    seen: set[Clue | str] = set()
    for line in lines:
        words = said_by(line)
        if words is not None:
            for item in () if words.slug in seen else _of_words(line, words):
                found.setdefault((item.cause, Severity.ERROR), item)
            seen.add(words.slug)
            continue
        clue = clue_of(line)
        if clue is None or clue in seen:
            continue
        seen.add(clue)
        for item in _of_line(line, clue, version, series):
            found.setdefault((item.cause, Severity.ERROR), item)
    return tuple(found.values())


def clue_of(line: LogLine) -> Clue | None:
    """What a line shows; None when it tells nothing of a handshake."""
    if line.doubt is not None or line.kind not in _SILENT:
        return Clue.of_line(line)
    return clue_in(line) if line.kind is LineKind.UNKNOWN else None


def refusal_in(lines: Iterable[str]) -> str | None:
    """The verification error of the first line that has one, as nginx writes it; None: no line has."""
    read = (read_pasted(line) for line in lines)
    return next((f"({one.number}:{one.text})" for one in read if one.number is not None and one.doubt is None), None)


def failure_in(lines: Iterable[str]) -> str | None:
    """OpenSSL's reason in the first line of a connection that failed; None: no line has one."""
    read = (read_pasted(line) for line in lines)
    return next((one.reason for one in read if one.kind is LineKind.TLS_FAILURE and one.reason), None)


def said_by(line: LogLine) -> SymptomEntry | None:
    """The entry for the words of a browser, a client or another server; None for a line that is nginx's, or nobody's known."""
    return symptoms.said_in(cleaned(line.raw)) if line.kind is LineKind.UNKNOWN else None


def _of_words(line: LogLine, entry: SymptomEntry) -> Iterator[Finding]:
    """What is behind such words: what they mean, then the causes in the order to look."""
    for number, item in enumerate(causes_of(entry)):
        severity = Severity.WARNING if number else Severity.ERROR
        yield likely(item.cause, line, entry.says, item.check, severity=severity)


def _of_line(line: LogLine, clue: Clue, version: NginxVersion | None, series: OpensslSeries | None) -> Iterator[Finding]:
    if line.doubt is not None:
        yield doubtful(line)
        return
    told = clue.told
    if told is not None:
        yield likely(told, line, outline(told).tell_apart)
    known = series or (line.series[0] if len(line.series) == 1 else None)
    ranked = [item for item in candidates(clue, version, known) if item.cause != told]
    for number, item in enumerate(ranked):
        first = number == 0 and told is None
        severity = Severity.ERROR if first else Severity.WARNING
        yield likely(item.cause, line, item.why, item.check, severity=severity)


def doubtful(line: LogLine) -> Finding:
    """The line is not nginx's, at least not as it stands."""
    assert line.doubt is not None
    summary = say(
        "no nginx writes this line as it stands: {why}", "没有 nginx 会写出这样的行：{why}", why=say(*_DOUBTS[line.doubt])
    )  # fmt: skip
    return finding(FALSE_LINE, summary, Where(), say("{raw}", "{raw}", raw=line.raw))


def likely(cause: str, line: LogLine, *evidence: Text, severity: Severity = Severity.ERROR) -> Finding:
    """A cause that can give this line."""
    shown = say("{raw}", "{raw}", raw=line.raw)
    where = Where(file=line.file, line=line.row) if line.file else Where()
    return finding(
        cause, outline(cause).title, where, shown, *evidence, severity=severity, confidence=Confidence.LIKELY
    )  # fmt: skip


def behind(first: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings after those that are certain: what is but likely is then worth a warning."""
    certain = tuple(first)
    if not any(finding.severity is Severity.ERROR for finding in certain):
        return (*certain, *others)
    known = {finding.cause for finding in certain}
    lower = (replace(one, severity=max(one.severity, Severity.WARNING, key=_RANK)) for one in others if one.cause not in known)
    return (*certain, *lower)


_RANK = (Severity.ERROR, Severity.WARNING, Severity.NOTICE).index
