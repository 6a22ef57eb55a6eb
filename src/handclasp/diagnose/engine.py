"""The reasoning: rules give findings, the verdict model chooses among remedies, and what could not be told is said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from handclasp.catalogue import causes
from handclasp.diagnose.alone import chain_findings
from handclasp.diagnose.case import Case
from handclasp.diagnose.concern import Concerns
from handclasp.diagnose.generated import Writers
from handclasp.diagnose.lines import behind, line_findings
from handclasp.diagnose.live import live_findings
from handclasp.diagnose.open_questions import open_questions, without_configuration
from handclasp.diagnose.page import as_seen
from handclasp.diagnose.remedies import candidates, known
from handclasp.diagnose.remedies.change import Change, applied
from handclasp.diagnose.rule import Rule, say
from handclasp.diagnose.rules import ALL, dates, ocsp, purpose, start, strength
from handclasp.diagnose.unlisted import unlisted
from handclasp.model.evidence import Evidence, Wish
from handclasp.model.finding import (
    Applicability,
    Confidence,
    DeadEnd,
    Diagnosis,
    FileEdit,
    Finding,
    Severity,
    Where,
)
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.predict import Stage

ALREADY = Change(
    id="cured-above",
    title=Text(en="what cures the finding above cures this one too", zh="上一项的处理方法同时解决此问题"),
    applicability=Applicability.MANUAL,
)
_LATER = Text(en="nginx comes to this once it starts", zh="nginx 启动之后才会遇到这个问题")
_OF_CERTIFICATES = (*dates.RULES, *purpose.RULES, *strength.RULES)
"""What can be told of a chain whoever is trusted."""
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """A diagnosis, and for each finding the changes that the model found to cure it, best first, not yet proven."""

    case: Case
    diagnosis: Diagnosis
    changes: tuple[tuple[Change, ...], ...]


def diagnose(evidence: Evidence, concerns: Concerns | None = None, stage: Stage | None = None) -> Reasoned:
    """Findings with their remedies, root cause first; with `concerns`, those alone that it says matter.

    `stage`: of this evidence, where somebody has it already.

    Raises:
        InputError: the configuration cannot be parsed, or has no such server.
    """
    if evidence.root is None:
        return _without_configuration(evidence)
    case = Case(stage or Stage(evidence))
    found = [finding for finding in _findings(case) if concerns is None or concerns(case, finding)]
    findings, chosen, now = _worked_through(case, found)
    if case.start_faults and not now.start_faults:
        # What the faults at start had hidden: nginx comes to look at certificates only now.
        told = {(finding.cause, finding.where) for finding in findings}
        hidden = [finding for finding in _findings(now) if (finding.cause, finding.where) not in told]
        more, changes, now = _worked_through(now, hidden)
        findings, chosen = [*findings, *more], [*chosen, *changes]
    complete = (*_with_remedies(findings, chosen), *_behind_start(now, findings))
    chosen = [*chosen, *((),) * (len(complete) - len(chosen))]
    writers = Writers(case.stage.tree)
    complete = tuple(writers.told(finding) for finding in _agreed(case, complete))
    verdict = as_seen(case, case.verdict and ocsp.refused(case.verdict, complete), complete)
    explained = any(finding.severity is Severity.ERROR for finding in complete)
    questions = (*open_questions(case), *(() if explained else unlisted(case)))
    diagnosis = Diagnosis(verdict=verdict, findings=complete, could_not_tell=questions)
    return Reasoned(case=case, diagnosis=diagnosis, changes=tuple(chosen))


def _with_remedies(findings: Sequence[Finding], chosen: Sequence[tuple[Change, ...]]) -> tuple[Finding, ...]:
    return tuple(
        replace(finding, remedies=tuple(change.remedy() for change in changes), dead_ends=_dead_ends(finding.cause))
        for finding, changes in zip(findings, chosen, strict=True)
    )


def _behind_start(case: Case, told: Sequence[Finding]) -> tuple[Finding, ...]:
    """What nginx will say of the peer once a person has put right what keeps it down, as far as that can be told before.

    Nothing is tried of these: there is no copy that starts.
    """
    if not case.start_faults:
        return ()
    later = Case(case.stage, started=True)
    party = later.party
    if party is None:
        return ()
    files = {path for setting in (*party.trust_files, party.crl_file) if (path := setting.value)}
    trusted = not any(start.path_in(fault.message) in files for fault in case.start_faults)
    rules = [rule for rule in ALL if rule.about_peer and (trusted or rule in _OF_CERTIFICATES)]
    known = {(finding.cause, finding.where) for finding in told}
    found = [_ranked(later, rule, _placed(later, rule, one)) for rule in rules for one in rule.check(later)]
    found = [replace(one, evidence=(*one.evidence, _LATER)) for one in found if (one.cause, one.where) not in known]
    return _with_remedies(found, [search(later, one) for one in found])


def _agreed(case: Case, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The log line that says what was worked out, beside the first error."""
    reported = case.verdict.reported if case.verdict else None
    line = next((one for one in case.logged if reported and (one.number, one.side) == (reported.number, case.side)), None)
    if line is None or not findings or findings[0].severity is not Severity.ERROR:
        return findings
    same = Text(en=f"the log says the same: {line.raw}", zh=f"日志与此一致：{line.raw}")
    return (replace(findings[0], evidence=(*findings[0].evidence, same)), *findings[1:])


def _without_configuration(evidence: Evidence) -> Reasoned:
    """What can be said of a live address or of log lines alone."""
    case = Case(Stage(evidence))
    version = NginxVersion.parse(evidence.nginx_version) if evidence.nginx_version else None
    series = OpensslSeries.of(evidence.engine) if evidence.engine else None
    likely = (*live_findings(evidence, case.stage.presented or ()), *line_findings(case.logged, version, series))
    findings = behind(chain_findings(case), likely)
    ranked = sorted(findings, key=lambda finding: _ORDER[finding.severity])
    told = tuple(
        replace(finding, remedies=tuple(change.remedy() for change in known(finding)), dead_ends=_dead_ends(finding.cause))
        for finding in ranked
    )
    diagnosis = Diagnosis(verdict=None, findings=told, could_not_tell=tuple(without_configuration(case)))
    return Reasoned(case=case, diagnosis=diagnosis, changes=((),) * len(told))


def _worked_through(case: Case, findings: list[Finding]) -> tuple[list[Finding], list[tuple[Change, ...]], Case]:
    """The findings, the changes that cure each with those before it in place, and the case after the first of each."""
    chosen: list[tuple[Change, ...]] = []
    now = case
    for finding in findings:
        current = finding if now is case else _moved(now, finding)
        changes = search(now, current) if current else (ALREADY,)
        chosen.append(changes)
        if changes and changes[0].by_files_alone:
            now = now.once(_edited, changes[0].edits)
    return findings, chosen, now


def _moved(now: Case, finding: Finding) -> Finding | None:
    """The same finding after edits that may have moved its line; None when they have cured it."""
    alike = _alike(finding, now)
    return next((other for other in alike if other.summary == finding.summary), alike[0] if alike else None)


def search(case: Case, finding: Finding) -> tuple[Change, ...]:
    """The changes that cure a finding. Those that edits alone can make are tried on the model, and must keep every refusal.

    When nothing fits this configuration, what the catalogue advises.
    """
    found = tuple(change for change in candidates(case, finding) if not change.by_files_alone or cures(case, finding, change))
    return found or tuple(known(finding))


def cures(case: Case, finding: Finding, change: Change) -> bool:
    """On the model: the cause is gone, nginx starts, and nobody who was refused without a certificate is let in."""
    cured = _cured(case, finding, case.once(_edited, change.edits))
    if not cured:
        case.forget(_edited, change.edits)
    return cured


def _cured(case: Case, finding: Finding, after: Case) -> bool:
    if not _complaints(after) <= _complaints(case):
        return False
    if _count(finding, after) >= _count(finding, case):
        return False
    return case.side is Side.UPSTREAM or after.stage.client_verdict(()).admitted <= case.stage.client_verdict(()).admitted


def _edited(case: Case, edits: tuple[FileEdit, ...]) -> Case:
    """The case after edits. A refusal to start that the files of before explain says nothing about those of after."""
    pairs = zip(case.evidence.log_lines, case.logged, strict=True)
    lines = tuple(raw for raw, line in pairs if not start.explained(case, line))
    return Case(Stage(replace(applied(case.evidence, edits), log_lines=lines)), started=case.started)


def _complaints(case: Case) -> set[str]:
    """Why nginx would not start, without lines, which an edit may move."""
    return {re.sub(r":\d+$", "", fault.message) for fault in case.start_faults}


def _count(finding: Finding, case: Case) -> int:
    """How many findings like this one there are: of one cause several may stand at several places, whose lines may move."""
    return len(_alike(finding, case))


def _alike(finding: Finding, case: Case) -> list[Finding]:
    return [other for other in case.once(_checked, finding.cause) if _likeness(other) == _likeness(finding)]


def _likeness(finding: Finding) -> tuple[object, ...]:
    return finding.cause, finding.severity, finding.where.file, finding.where.depth, finding.where.subject


def _findings(case: Case) -> list[Finding]:
    return list(case.once(_checked))


def _checked(case: Case, cause: str | None = None) -> list[Finding]:
    """What all rules find, or those that can report a cause."""
    rules = [rule for rule in ALL if rule.before_start or not case.start_faults]
    if cause is not None:
        rules = [rule for rule in rules if cause in rule.causes or "*" in rule.causes]
    found = [_ranked(case, rule, _placed(case, rule, finding)) for rule in rules for finding in rule.check(case)]
    if case.unread and not case.start_faults:
        # The files that decide are not at hand: the log lines are all there is to go by.
        known = {finding.cause for finding in found}
        stage = case.stage
        lines = line_findings(case.logged, stage.version, stage.series)
        found = [*(item for item in lines if item.cause not in known), *found]
    return sorted(_without_echoes(found), key=lambda finding: (_ORDER[finding.severity], _behind_the_door(case, finding)))


def _behind_the_door(case: Case, finding: Finding) -> bool:
    """Whether a finding is about the way to an upstream, which a client that is refused never goes."""
    refused = case.side is Side.CLIENT and case.verdict is not None and not case.verdict.admitted
    return refused and finding.cause.startswith("upstream-")


def _without_echoes(found: list[Finding]) -> list[Finding]:
    """What a line of the log alone suggests joins the finding that the configuration gives of the same cause.

    The line proves that it matters: the severer of the two holds.
    """
    placed = {item.cause: item for item in reversed(found) if item.where != Where()}
    echoes = {item.cause: item for item in found if item.where == Where() and item.confidence is Confidence.LIKELY}
    joined: list[Finding] = []
    for item in found:
        echo = echoes.get(item.cause)
        if echo is None or item.cause not in placed:
            joined.append(item)
        elif item is placed[item.cause]:
            severity = min(item.severity, echo.severity, key=_ORDER.__getitem__)
            more = tuple(text for text in echo.evidence if text not in item.evidence)
            joined.append(replace(item, severity=severity, evidence=(*item.evidence, *more)))
        elif item.where != Where():
            joined.append(item)
    return joined


def _placed(case: Case, rule: Rule, finding: Finding) -> Finding:
    """A fault of an upstream's certificate stands in no file of nginx; where it matters is where requests go there."""
    way = case.stage.upstream_location if rule.about_peer and case.side is Side.UPSTREAM else None
    if way is None or finding.where.file is not None:
        return finding
    server, location = way
    assert location.upstream is not None
    target = location.upstream.target
    at = Where.at(target.origin, f"{location.upstream.module}_pass")
    words = say(
        "on the way from {server}, location {path}, to {target}", "路径：从 {server} 的 location {path} 到 {target}",
        server=server.label, path=location.path or "/", target=target.value,
    )  # fmt: skip
    where = replace(finding.where, file=at.file, line=at.line, column=at.column, directive=at.directive)
    return replace(finding, where=where, evidence=(*finding.evidence, words))


def _ranked(case: Case, rule: Rule, finding: Finding) -> Finding:
    """A fault of the peer's certificate that nginx forgives (optional_no_ca) is a warning.

    Why somebody is refused who should be is no fault at all.
    """
    if not rule.about_peer or finding.severity is not Severity.ERROR:
        return finding
    if case.evidence.wish is Wish.REFUSED:
        return replace(finding, severity=Severity.NOTICE)
    forgiven = case.verdict is not None and case.verdict.admitted
    return replace(finding, severity=Severity.WARNING) if forgiven else finding


def _dead_ends(slug: str) -> tuple[DeadEnd, ...]:
    try:
        cause = causes.load(slug)
    except KeyError:
        return ()
    return tuple(DeadEnd(action=item.action, why=item.why, danger=item.danger, id=item.id) for item in cause.dead_ends)
