"""Try holes and remedies on a sandboxed copy of the very configuration: the same before and after; refusals must stay."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from handclasp.app.demonstrate import Tried, answer_of, demonstrate, demonstration
from handclasp.app.doubles import Identity
from handclasp.app.prove_bench import Bench, bench_for
from handclasp.app.proven import Proven
from handclasp.app.sandbox import Asked, RunningSandbox, SandboxTools, sandbox
from handclasp.diagnose.attempt import Attack
from handclasp.diagnose.attempts import attacks_for, can_be_shown
from handclasp.diagnose.case import Case
from handclasp.diagnose.engine import Reasoned
from handclasp.diagnose.remedies.change import Change
from handclasp.model.errors import HandclaspError
from handclasp.model.finding import Answer, Finding, Proof, Severity
from handclasp.model.nginx import OpensslSeries, VerifyClient
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.client import BAD, MISDIRECTED, NONE_SENT
from handclasp.verdict.predict import Stage

_REFUSALS = frozenset({BAD, NONE_SENT, MISDIRECTED})
_OTHER_UPSTREAM = Text(en="an upstream of another CA", zh="其他 CA 的上游")
_NO_CERTIFICATE = Text(en="a client without certificate", zh="没有证书的客户端")
_OTHER_CLIENT = Text(en="a client of another CA", zh="其他 CA 的客户端")
_LOG_CAUSE = "error-log-level-hides-reason"
_MOST_HOLES = 12
"""Demonstrated in one run: a configuration of many alike servers has as many alike holes."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A finding with the ways to go through its hole, if it is one, and the change to try, if there is one."""

    number: int
    finding: Finding
    attacks: tuple[Attack, ...]
    change: Change | None

    @property
    def makes_clients(self) -> bool:
        """Whether it takes certificates that only doubles of the CAs can issue."""
        return any(attack.makes_clients for attack in self.attacks)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one request was answered; a copy that nginx refuses to run answers nothing."""

    answer: Answer
    refused: bool
    tried: Tried | None = None


def prove(reasoned: Reasoned, tools: SandboxTools, *, client_key: bytes | None = None) -> Proven:
    """The diagnosis with every hole tried, and with a proof at the first remedy of each finding.

    Remedies are tried one after the other on one copy, so that a later one is tried with the earlier ones in place. With
    `client_key` (PEM) the peer's own certificates are used where edits of files are all there is to try; otherwise doubles.

    Raises:
        WorldError: nginx cannot be run.
    """
    findings = list(reasoned.diagnosis.findings)
    tasks = _tasks(reasoned)
    own = (
        [] if client_key is None or any(_reissues(task) for task in tasks) else [one for one in tasks if not one.makes_clients]
    )
    others = [task for task in tasks if task not in own]
    tried = {task.number for task in tasks if task.change is not None}
    left = any(one.severity is Severity.ERROR and number not in tried for number, one in enumerate(findings))
    notes: dict[str, None] = {}
    for key, group in ((client_key, own), (None, others)):
        if not group:
            continue
        try:
            done, lacking = _tried_out(reasoned.case, tools, key, group, left=left)
        except HandclaspError as error:
            return _not_run(reasoned, str(error))
        if done is None:
            return _not_run(reasoned, "; ".join(lacking))
        for task, finding in zip(group, done, strict=True):
            findings[task.number] = finding
        notes.update(dict.fromkeys(lacking))
    return Proven(diagnosis=replace(reasoned.diagnosis, findings=tuple(findings)), notes=tuple(notes))


def _reissues(task: _Task) -> bool:
    return task.change is not None and not task.change.by_files_alone


def _tasks(reasoned: Reasoned) -> list[_Task]:
    case, found = reasoned.case, []
    holes = 0
    for number, (finding, changes) in enumerate(zip(reasoned.diagnosis.findings, reasoned.changes, strict=True)):
        attacks = attacks_for(case, finding) if holes < _MOST_HOLES else ()
        holes += bool(attacks)
        tried = changes[0] if changes and changes[0].can_be_tried and can_be_shown(case, finding) else None
        if attacks or tried:
            found.append(_Task(number, finding, attacks, tried))
    return found


def _tried_out(
    case: Case, tools: SandboxTools, key: bytes | None, tasks: list[_Task], *, left: bool
) -> tuple[list[Finding] | None, tuple[str, ...]]:
    """The findings of some tasks with what came of them, and what the copy lacks; None and why when it does not run.

    `left`: there are faults that nothing could be tried for.
    """
    bench = bench_for(case, key)
    bench.keep_log_level = any(task.finding.cause == _LOG_CAUSE for task in tasks)
    with sandbox(tools, bench.plan()) as running:
        if not running.runs and not case.start_faults:
            return None, (running.test.output,)
        return _try_all(bench, running, tasks, str(tools.nginx.build().version), left=left), running.notes


def _not_run(reasoned: Reasoned, words: str) -> Proven:
    failed = Text(en=f"nothing could be tried: {words}", zh=f"无法进行验证：{words}")
    return Proven(diagnosis=reasoned.diagnosis, failed=failed)


def _try_all(bench: Bench, running: RunningSandbox, tasks: list[_Task], nginx: str, *, left: bool) -> list[Finding]:
    at_first = _served(bench, running, tasks)
    holes = {task.number: _see(bench, running, task) for task in tasks if task.attacks}
    steps: list[tuple[_Task, _Seen, _Seen | None]] = []
    for task in tasks:
        before = holes.get(task.number)
        if before is None or before.refused:  # what was in its way may be cured by now
            before = _see(bench, running, task)
        if task.change is None:
            steps.append((task, before, None))
            continue
        bench.apply(task.change)
        running.update(bench.plan())
        # Cured by what was done above, or a fault of another nginx than the one at hand: nothing is shown either way.
        shown = before.refused or task.attacks or task.finding.cause == _LOG_CAUSE
        nothing = bench.shut_out or (not shown and (not at_first or _of_another_build(bench.case, running)))
        steps.append((task, before, None if nothing else _see(bench, running, task)))
    served = _served(bench, running, [task for task in tasks if not task.attacks])
    refused = tuple(_still_refused(bench, running)) if running.runs else ()
    held = running.runs and all(ok for _, ok in refused)
    names = tuple(name for name, ok in refused if ok)
    done = []
    for task, before, after in steps:
        good = held and after is not None and _better(task, before, after)
        # It did its part, and another fault, which is for a person to cure, still shuts everybody out.
        unseen = good and left and not served and not task.attacks
        good = good and (served or (bool(task.attacks) and not at_first))
        done.append(_with_outcome(task, before, None if unseen else after, names, nginx, proved=good))
    return done


def _of_another_build(case: Case, running: RunningSandbox) -> bool:
    """Whether somebody is refused by a version that is not the one of the sandbox."""
    build, stage = running.tools.nginx.build(), case.stage
    same = stage.version == build.version and stage.series is OpensslSeries.of(build.openssl)
    return not same and case.verdict is not None and not case.verdict.admitted


def _with_outcome(
    task: _Task, before: _Seen, after: _Seen | None, refused: tuple[Text, ...], nginx: str, *, proved: bool
) -> Finding:
    """The finding with its demonstration, and with a proof where there is one to speak of."""
    finding = task.finding
    if before.tried is not None:
        finding = replace(finding, demonstration=demonstration(before.tried, after.tried if after else None))
    # A warning whose hole could not be shown has a remedy that nothing was shown of either.
    unproven = before.tried is not None and not before.tried.through and finding.severity is not Severity.ERROR
    if after is None or unproven:
        return finding
    proof = Proof(before=before.answer, after=after.answer, still_refused=refused, nginx=nginx, proved=proved)
    first, *others = finding.remedies
    return replace(finding, remedies=(replace(first, proof=proof), *others))


def _see(bench: Bench, running: RunningSandbox, task: _Task) -> _Seen:
    if not running.runs:
        emerg = next((line for line in running.test.output.splitlines() if "[emerg]" in line), running.test.output)
        return _Seen(Answer(status=None, log=emerg.replace(f"{running.folder}/root", "")), refused=True)
    if task.attacks:
        tried = demonstrate(bench, running, task.attacks)
        return _Seen(tried.answer, refused=not tried.through, tried=tried)
    asked = _asked(bench, running, _sender(bench, task))
    return _Seen(answer_of(asked), _refused(bench.case, asked))


def _sender(bench: Bench, task: _Task) -> Identity | None:
    """Who asks; to see whether refusals are logged, somebody who must be refused."""
    return bench.doubles.stranger(Side.CLIENT) if task.finding.cause == _LOG_CAUSE else bench.sender()


def _asked(bench: Bench, running: RunningSandbox, who: Identity | None) -> Asked:
    """The request in question, made by somebody; without TLS where there is none at that address."""
    return running.ask(bench.request(who), plain=bench.plain)


def _served(bench: Bench, running: RunningSandbox, tasks: list[_Task]) -> bool:
    """After everything was applied: whoever asks gets in. Whether refusals are logged is another matter."""
    if not running.runs:
        return False
    if all(task.finding.cause == _LOG_CAUSE for task in tasks):
        return True
    return not _refused(bench.case, _asked(bench, running, bench.sender())) or _nobody_in_particular(bench)


def _nobody_in_particular(bench: Bench) -> bool:
    """Nobody said what the client sends: that one without a certificate is refused is as it should be."""
    return bench.sender() is None and bench.case.side is Side.CLIENT and bench.case.presented is None


def _refused(case: Case, asked: Asked) -> bool:
    """Refused by TLS: what the backend or the content answers is another matter."""
    if asked.result.status is None:
        return True
    if case.side is Side.UPSTREAM:
        return asked.result.status == 502
    return asked.result.title in _REFUSALS or asked.result.status in {400, 421}


def _better(task: _Task, before: _Seen, after: _Seen) -> bool:
    """What was wrong is so no longer: the hole is shut, the log line gone; for a silent log, one has come."""
    if task.attacks:
        return not before.refused and after.refused
    if task.finding.cause == _LOG_CAUSE:
        return not before.answer.log and bool(after.answer.log)
    return (before.answer.log, before.answer.status) != (after.answer.log, after.answer.status)


def _still_refused(bench: Bench, running: RunningSandbox) -> Iterator[tuple[Text, bool]]:
    """Those who must not get in, tried after everything was applied: name, and whether they were refused."""
    case = bench.case
    stranger = bench.doubles.stranger(case.side)
    if case.side is Side.UPSTREAM:
        if not _verifies(bench):
            return
        running.update(bench.plan(upstream=stranger))
        yield _OTHER_UPSTREAM, _refused(case, _asked(bench, running, bench.sender()))
        return
    mode = case.stage.scene.answer.verify_client.value
    if mode is VerifyClient.ON:
        yield _NO_CERTIFICATE, _refused(case, _asked(bench, running, None))
    if mode in {VerifyClient.ON, VerifyClient.OPTIONAL}:
        yield _OTHER_CLIENT, _refused(case, _asked(bench, running, stranger))


def _verifies(bench: Bench) -> bool:
    """Whether another upstream can be put in place of this one, and is to be found out: where nobody looks, it never was."""
    stage = Stage(bench.evidence)
    return stage.upstream_socket is None and stage.upstream is not None and stage.upstream.verify.value
