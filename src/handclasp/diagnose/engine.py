"""The reasoning: rules give findings, the verdict model chooses among remedies, and what could not be told is said."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handclasp.catalogue import causes
from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies import candidates
from handclasp.diagnose.remedies.change import Change, applied
from handclasp.diagnose.rules import ALL
from handclasp.model.evidence import Evidence
from handclasp.model.finding import CouldNotTell, DeadEnd, Diagnosis, Finding, Severity
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.predict import Stage

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """A diagnosis, and for each finding the changes that the model found to cure it, best first, not yet proven."""

    case: Case
    diagnosis: Diagnosis
    changes: tuple[tuple[Change, ...], ...]


def diagnose(evidence: Evidence) -> Reasoned:
    """Findings with their remedies, root cause first.

    Raises:
        InputError: the configuration cannot be parsed, or has no such server.
    """
    case = Case(Stage(evidence))
    findings = _findings(case)
    chosen: list[tuple[Change, ...]] = []
    now = case
    for finding in findings:
        changes = search(now, finding)
        chosen.append(changes)
        if changes and changes[0].by_files_alone:
            now = Case(Stage(applied(now.evidence, changes[0].edits)))
    told = tuple(
        replace(finding, remedies=tuple(change.remedy() for change in changes), dead_ends=_dead_ends(finding.cause))
        for finding, changes in zip(findings, chosen, strict=True)
    )
    diagnosis = Diagnosis(verdict=case.verdict, findings=told, could_not_tell=tuple(_open_questions(case)))
    return Reasoned(case=case, diagnosis=diagnosis, changes=tuple(chosen))


def search(case: Case, finding: Finding) -> tuple[Change, ...]:
    """The changes that cure a finding. Those that edits alone can make are tried on the model, and must keep every refusal."""
    return tuple(change for change in candidates(case, finding) if not change.by_files_alone or cures(case, finding, change))


def cures(case: Case, finding: Finding, change: Change) -> bool:
    """On the model: the cause is gone, and nobody who was refused without a certificate is let in."""
    after = Case(Stage(applied(case.evidence, change.edits)))
    if any(other.cause == finding.cause and other.severity is Severity.ERROR for other in _findings(after)):
        return False
    return case.side is Side.UPSTREAM or after.stage.client_verdict(()).admitted <= case.stage.client_verdict(()).admitted


def _findings(case: Case) -> list[Finding]:
    found = [finding for rule in ALL for finding in rule.check(case)]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def _dead_ends(slug: str) -> tuple[DeadEnd, ...]:
    try:
        cause = causes.load(slug)
    except KeyError:
        return ()
    return tuple(DeadEnd(action=item.action, why=item.why, danger=item.danger) for item in cause.dead_ends)


def _open_questions(case: Case) -> Iterable[CouldNotTell]:
    if case.presented is None:
        client = case.side is Side.CLIENT
        yield CouldNotTell(
            question=Text(
                en=f"what the {'client sends' if client else 'upstream presents'}, and so whether it is accepted",
                zh="客户端发送了什么证书，因而无法判断是否会被接受"
                if client
                else "上游出示了什么证书，因而无法判断是否会被接受",
            ),
            give="--client-cert" if client else "--upstream-chain",
        )
    for path, reason in case.evidence.unreadable.items():
        yield CouldNotTell(
            question=Text(en=f"what {path} holds ({reason})", zh=f"{path} 的内容（{reason}）"),
            give="read permission for this file",
        )
