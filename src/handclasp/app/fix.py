"""Remedies to carry out: collected one after the other, each on top of the last, with the knocks that prove them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from handclasp.app.apply_edits import Knock
from handclasp.app.apply_proof import LOOPBACK
from handclasp.app.doubles import Doubles, Identity
from handclasp.app.proven import Proven
from handclasp.diagnose.engine import diagnose
from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Applicability, Diagnosis, FileEdit, Finding, Remedy, Severity
from handclasp.model.nginx import VerifyClient
from handclasp.model.plan import Expect
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.model.verdict import Side
from handclasp.verdict.predict import Stage, predict

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One finding and the remedy that was taken for it."""

    finding: Finding
    remedy: Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixing:
    """What would be done. `edits` lead from the files as they are to the last step; `left` is what the doctor says then.

    `waiting` are remedies that edit files too, and that a person must agree to first, by their id.
    """

    steps: tuple[Step, ...]
    edits: tuple[FileEdit, ...]
    left: Diagnosis
    evidence: Evidence
    waiting: tuple[Step, ...]

    def after(self, before: Evidence, steps: tuple[Step, ...]) -> "Fixing":
        """The same behind other steps, which began with the files of `before`."""
        return replace(self, steps=(*steps, *self.steps), edits=_merged(before, self.evidence))


def fixes(evidence: Evidence, first: Proven, examine: Callable[[Evidence], Proven], agreed: Callable[[Step], bool]) -> Fixing:
    """Take the first safe remedy, look again, and so on until none is left.

    Args:
        evidence: the files as they are.
        first: what was found in them.
        examine: finds anew.
        agreed: whether a person agreed to a remedy that is not safe by itself.
    """
    now, seen = evidence, first
    steps: list[Step] = []
    while len(steps) < _MOST:
        taken = {(step.finding.cause, step.remedy.id, step.finding.where) for step in steps}
        step = next((each for each in _steps(seen.diagnosis, agreed) if _key(each) not in taken), None)
        if step is None:
            break
        steps.append(step)
        now = replace(now, files={**now.files, **{edit.path: edit.after for edit in step.remedy.edits}})
        seen = examine(now)
    waiting = tuple(each for each in _all(seen.diagnosis) if each.remedy.applicability is Applicability.REVIEW)
    return Fixing(steps=tuple(steps), edits=_merged(evidence, now), left=seen.diagnosis, evidence=now, waiting=waiting)


def knocks(fixing: Fixing, client: ClientIdentity | None) -> tuple[Knock, ...]:
    """Who must be refused and who admitted on the live address once the edits are in force; () where that cannot be told.

    Only what follows from the edited files is asked: a client that the model lets in, and strangers where one is verified.
    """
    evidence = fixing.evidence
    if evidence.side is not Side.CLIENT:
        return ()
    try:
        stage = Stage(evidence)
        scene, verdict = stage.scene, predict(evidence)
        stranger = Doubles(diagnose(evidence).case).stranger(Side.CLIENT)
    except HandclaspError:
        return ()
    address = scene.socket.address
    request = ProbeRequest(
        address=LOOPBACK.get(address, address).strip("[]"),
        port=scene.socket.port,
        sni=scene.sni,
        host=scene.host,
        path=scene.uri,
    )
    return tuple(_knocks(request, scene.answer.verify_client.value, stranger, client if verdict.status == 200 else None))


def _knocks(request: ProbeRequest, asks: VerifyClient, stranger: Identity, client: ClientIdentity | None) -> Iterator[Knock]:
    if asks is VerifyClient.ON:
        yield Knock(name="no certificate", request=request, expect=Expect.REFUSED)
    if asks in {VerifyClient.ON, VerifyClient.OPTIONAL}:
        other = ClientIdentity(certificate_chain=stranger.chain, private_key=stranger.key)
        yield Knock(name="certificate of another CA", request=replace(request, identity=other), expect=Expect.REFUSED)
        if client is not None:
            yield Knock(name="the client in question", request=replace(request, identity=client), expect=Expect.ADMITTED)


def _steps(diagnosis: Diagnosis, agreed: Callable[[Step], bool]) -> Iterator[Step]:
    """What may be taken: the safe remedies of what is more than a notice, and those that were agreed to."""
    for step in _all(diagnosis):
        safe = step.remedy.applicability is Applicability.SAFE and step.finding.severity is not Severity.NOTICE
        if safe or agreed(step):
            yield step


def _all(diagnosis: Diagnosis) -> Iterator[Step]:
    """Every remedy that edits files and was not disproved. A hole that could not be shown on the copy disproves nothing."""
    for finding in diagnosis.findings:
        unshown = finding.demonstration is not None and not finding.demonstration.shown
        for remedy in finding.remedies:
            if remedy.edits and (remedy.proof is None or remedy.proof.proved or unshown):
                yield Step(finding=finding, remedy=remedy)


def _key(step: Step) -> tuple[object, ...]:
    return step.finding.cause, step.remedy.id, step.finding.where


def _merged(before: Evidence, after: Evidence) -> tuple[FileEdit, ...]:
    return tuple(
        FileEdit(path=path, before=before.files.get(path), after=content)
        for path, content in after.files.items()
        if content is not None and content != before.files.get(path)
    )
