"""One examination: evidence in, findings with proven remedies out."""

from dataclasses import replace
from typing import TYPE_CHECKING

from handclasp.app.proven import Proven
from handclasp.app.redaction_text import shown_lines
from handclasp.app.sides import sides
from handclasp.diagnose.case import Case
from handclasp.diagnose.concern import Concerns
from handclasp.diagnose.engine import diagnose
from handclasp.diagnose.rules import start
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Diagnosis, Severity
from handclasp.model.verdict import Side
from handclasp.verdict.predict import Stage

if TYPE_CHECKING:
    from handclasp.app.sandbox import SandboxTools

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


def examine(
    evidence: Evidence,
    tools: "SandboxTools | None",
    *,
    client_key: bytes | None = None,
    side: Side | None = None,
    concerns: Concerns | None = None,
) -> Proven:
    """The findings in this evidence; with `tools` their remedies are tried on a sandboxed copy.

    `side` None: whatever the evidence is about, the other side too when its peer is known. `concerns`: which findings matter.

    Raises:
        InputError: the configuration cannot be parsed, or has no such server.
        WorldError: nginx cannot be run.
    """
    stage = Stage(evidence)
    if (lifeless := _lifeless(stage)) is not None:
        return Proven(diagnosis=_shown(lifeless))
    parts = sides(evidence, side, stage)
    first, *others = [_one(stage.about(part) if part.root else Stage(part), tools, client_key, concerns) for part in parts]
    for other in others:
        first = _joined(first, other)
    return replace(first, diagnosis=_shown(first.diagnosis))


def _lifeless(stage: Stage) -> Diagnosis | None:
    """Why nginx refuses a configuration that has no server; None: there is one to ask, or nginx does not refuse it."""
    if stage.evidence.root is None:
        return None
    case = Case(stage)
    if stage.config.servers or not case.start_faults:
        return None
    return Diagnosis(verdict=case.verdict, findings=tuple(start.check(case)))


def _one(stage: Stage, tools: "SandboxTools | None", client_key: bytes | None, concerns: Concerns | None = None) -> Proven:
    reasoned = diagnose(stage.evidence, concerns, stage)
    if tools is None:
        return Proven(diagnosis=reasoned.diagnosis)
    from handclasp.app.prove import prove  # noqa: PLC0415 - what runs copies of nginx takes a while to load

    return prove(reasoned, tools, client_key=client_key)


def _shown(diagnosis: Diagnosis) -> Diagnosis:
    """Patches without the secrets of lines around an edit. What is written is made of the edits, not of this text."""
    findings = tuple(
        replace(finding, remedies=tuple(replace(one, patch=shown_lines(one.patch)) for one in finding.remedies))
        for finding in diagnosis.findings
    )
    return replace(diagnosis, findings=findings)


def _joined(first: Proven, other: Proven) -> Proven:
    """The first diagnosis with the other's findings in their rank; what the other could not tell is left out.

    The answer that is told is the one that the finding told first is about.
    """
    known = {(finding.cause, finding.where) for finding in first.diagnosis.findings}
    more = [item for item in other.diagnosis.findings if (item.cause, item.where) not in known]
    findings = sorted((*first.diagnosis.findings, *more), key=lambda finding: _ORDER[finding.severity])
    notes = tuple(dict.fromkeys((*first.notes, *other.notes)))
    of_other = findings and any(findings[0] is item for item in more) and findings[0].severity is Severity.ERROR
    verdict = other.diagnosis.verdict if of_other else first.diagnosis.verdict
    diagnosis = replace(first.diagnosis, verdict=verdict, findings=tuple(findings))
    return replace(first, diagnosis=diagnosis, notes=notes, failed=first.failed or other.failed)
