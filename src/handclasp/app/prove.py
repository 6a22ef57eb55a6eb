"""Try remedies on a sandboxed copy of the very configuration: the same request before and after; refusals must stay."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from handclasp.app.prove_bench import Bench, bench_for
from handclasp.app.sandbox import Asked, RunningSandbox, SandboxTools, sandbox
from handclasp.diagnose.attempts import ANY_UPSTREAM, attempt_for, can_be_shown
from handclasp.diagnose.case import Case
from handclasp.diagnose.engine import Reasoned
from handclasp.diagnose.remedies.change import Change
from handclasp.model.errors import HandclaspError
from handclasp.model.finding import Answer, Diagnosis, Finding, Proof
from handclasp.model.nginx import VerifyClient
from handclasp.model.probe import ProbeRequest
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.client import BAD, MISDIRECTED, NONE_SENT
from handclasp.verdict.predict import Stage

_REFUSALS = frozenset({BAD, NONE_SENT, MISDIRECTED})
_LOG_CAUSE = "error-log-level-hides-reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The diagnosis with its proofs. `notes`: what the sandbox lacks; `failed`: why nothing could be tried, if so."""

    diagnosis: Diagnosis
    notes: tuple[str, ...] = ()
    failed: Text | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """A finding, the change to try, and, for a hole, the request that goes through it.

    `impostor`: the hole is towards the upstream, and somebody with a certificate of another CA stands in for it.
    """

    number: int
    finding: Finding
    change: Change
    hole: ProbeRequest | None
    impostor: bool = False

    @property
    def is_hole(self) -> bool:
        """What is served before must be refused after."""
        return self.hole is not None or self.impostor


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one request was answered; a copy that nginx refuses to run answers nothing."""

    answer: Answer
    refused: bool


def prove(reasoned: Reasoned, tools: SandboxTools, *, client_key: bytes | None = None) -> Proven:
    """The diagnosis with a proof at the first remedy of each finding.

    Remedies are tried one after the other on one copy, so that a later one is tried with the earlier ones in place. With
    `client_key` (PEM) and remedies that edit files alone, the peer's own certificates are used; otherwise doubles of them.

    Raises:
        WorldError: nginx cannot be run.
    """
    findings = list(reasoned.diagnosis.findings)
    chosen = [
        (n, changes[0])
        for n, changes in enumerate(reasoned.changes)
        if changes and changes[0].can_be_tried and can_be_shown(reasoned.case, findings[n])
    ]
    if not chosen:
        return Proven(diagnosis=reasoned.diagnosis)
    case = reasoned.case
    bench = bench_for(case, client_key if all(change.by_files_alone for _, change in chosen) else None)
    bench.keep_log_level = any(finding.cause == _LOG_CAUSE for finding in findings)
    tasks = [_task(bench, n, findings[n], change) for n, change in chosen]
    try:
        with sandbox(tools, bench.plan()) as running:
            if not running.runs and not case.start_faults:
                return _not_run(reasoned, running.test.output)
            proofs = _try_all(bench, running, tasks, str(tools.nginx.build().version))
            for task, proof in zip(tasks, proofs, strict=True):
                findings[task.number] = _with_proof(task.finding, proof)
            notes = running.notes
    except HandclaspError as error:
        return _not_run(reasoned, str(error))
    return Proven(diagnosis=replace(reasoned.diagnosis, findings=tuple(findings)), notes=notes)


def _not_run(reasoned: Reasoned, words: str) -> Proven:
    failed = Text(en=f"nothing could be tried: {words}", zh=f"无法进行验证：{words}")
    return Proven(diagnosis=reasoned.diagnosis, failed=failed)


def _task(bench: Bench, number: int, finding: Finding, change: Change) -> _Task:
    attempt = attempt_for(bench.case, finding)
    hole = bench.tried(attempt) if attempt else None
    return _Task(
        number, finding, change, hole, impostor=finding.cause in ANY_UPSTREAM and bench.case.stage.upstream is not None
    )


def _try_all(bench: Bench, running: RunningSandbox, tasks: list[_Task], nginx: str) -> list[Proof]:
    steps: list[tuple[_Task, _Seen, _Seen]] = []
    at_first = _served(bench, running, tasks)
    for task in tasks:
        before = _see(bench, running, task)
        bench.apply(task.change)
        running.update(bench.plan())
        steps.append((task, before, _see(bench, running, task)))
    served = _served(bench, running, [task for task in tasks if not task.is_hole])
    refused = tuple(_still_refused(bench, running)) if running.runs else (("", False),)
    held = all(ok for _, ok in refused)
    return [
        Proof(
            before=before.answer, after=after.answer, still_refused=tuple(name for name, ok in refused if ok), nginx=nginx,
            proved=held and _better(task, before, after) and (served or (task.is_hole and not at_first)),
        )
        for task, before, after in steps
    ]  # fmt: skip


def _see(bench: Bench, running: RunningSandbox, task: _Task) -> _Seen:
    if not running.runs:
        emerg = next((line for line in running.test.output.splitlines() if "[emerg]" in line), running.test.output)
        return _Seen(Answer(status=None, log=emerg.replace(f"{running.folder}/root", "")), refused=True)
    if task.impostor:
        running.update(bench.plan(upstream=bench.doubles.stranger(Side.UPSTREAM)))
    asked = running.ask(_request(bench, task))
    if task.impostor:
        running.update(bench.plan())
    return _Seen(_answer(asked), _refused(bench.case, asked))


def _request(bench: Bench, task: _Task) -> ProbeRequest:
    """The request in question; to see whether refusals are logged, one that must be refused."""
    if task.hole is not None:
        return task.hole
    if task.finding.cause == _LOG_CAUSE:
        return bench.request(bench.doubles.stranger(Side.CLIENT))
    return bench.request(bench.sender())


def _served(bench: Bench, running: RunningSandbox, tasks: list[_Task]) -> bool:
    """After everything was applied: whoever asks gets in. Whether refusals are logged is another matter."""
    if not running.runs:
        return False
    if all(task.finding.cause == _LOG_CAUSE for task in tasks):
        return True
    return not _refused(bench.case, running.ask(bench.request(bench.sender()))) or _nobody_in_particular(bench)


def _nobody_in_particular(bench: Bench) -> bool:
    """Nobody said what the client sends: that one without a certificate is refused is as it should be."""
    return bench.sender() is None and bench.case.side is Side.CLIENT and bench.case.presented is None


def _answer(asked: Asked) -> Answer:
    lines = [line for line in asked.log if "verify error" in line or "certificate" in line or "handshak" in line]
    result = asked.result
    return Answer(status=result.status, title=result.title or result.error, log=lines[-1] if lines else None)


def _refused(case: Case, asked: Asked) -> bool:
    """Refused by TLS: what the backend or the content answers is another matter."""
    if asked.result.status is None:
        return True
    if case.side is Side.UPSTREAM:
        return asked.result.status == 502
    return asked.result.title in _REFUSALS or asked.result.status in {400, 421}


def _better(task: _Task, before: _Seen, after: _Seen) -> bool:
    """What was wrong is so no longer: the hole is shut, the log line gone; for a silent log, one has come."""
    if task.is_hole:
        return _let_in(before) and not _let_in(after)
    if task.finding.cause == _LOG_CAUSE:
        return not before.answer.log and bool(after.answer.log)
    return (before.answer.log, before.answer.status) != (after.answer.log, after.answer.status)


def _let_in(seen: _Seen) -> bool:
    return seen.answer.status is not None and seen.answer.status < 300


def _still_refused(bench: Bench, running: RunningSandbox) -> Iterator[tuple[str, bool]]:
    """Those who must not get in, tried after everything was applied: name, and whether they were refused."""
    case = bench.case
    stranger = bench.doubles.stranger(case.side)
    if case.side is Side.UPSTREAM:
        if not _verifies(bench):
            return
        running.update(bench.plan(upstream=stranger))
        yield "an upstream of another CA", _refused(case, running.ask(bench.request(bench.sender())))
        return
    mode = case.stage.scene.answer.verify_client.value
    if mode is VerifyClient.ON:
        yield "a client without certificate", _refused(case, running.ask(bench.request(None)))
    if mode in {VerifyClient.ON, VerifyClient.OPTIONAL}:
        yield "a client of another CA", _refused(case, running.ask(bench.request(stranger)))


def _verifies(bench: Bench) -> bool:
    """Whether another upstream can be put in place of this one, and is to be found out: where nobody looks, it never was."""
    stage = Stage(bench.evidence)
    return stage.upstream_socket is None and stage.upstream is not None and stage.upstream.verify.value


def _with_proof(finding: Finding, proof: Proof) -> Finding:
    first, *others = finding.remedies
    return replace(finding, remedies=(replace(first, proof=proof), *others))
