"""Try remedies on a sandboxed copy of the very configuration: the same request before and after; refusals must stay."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from handclasp.app.doubles import Doubles, Identity, put_in
from handclasp.app.sandbox import Asked, RunningSandbox, SandboxTools, sandbox
from handclasp.diagnose.case import Case
from handclasp.diagnose.engine import Reasoned
from handclasp.diagnose.remedies.change import Change, applied
from handclasp.model.certificate import Certificate
from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Answer, Diagnosis, Finding, Proof
from handclasp.model.nginx import VerifyClient
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.sandbox import SandboxPlan, UpstreamStub
from handclasp.verdict.client import BAD, MISDIRECTED, NONE_SENT
from handclasp.verdict.predict import Stage
from handclasp.verdict.trust import client_trust

_REFUSALS = frozenset({BAD, NONE_SENT, MISDIRECTED})
_LOG_CAUSE = "error-log-level-hides-reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The diagnosis with its proofs. `notes`: what the sandbox lacks; `failed`: why nothing could be tried, if so."""

    diagnosis: Diagnosis
    notes: tuple[str, ...] = ()
    failed: Text | None = None


@dataclass
class _Bench:
    """One sandbox and the state of the copy in it."""

    case: Case
    doubles: Doubles
    evidence: Evidence
    chain: tuple[Certificate, ...]
    client: Identity | None
    made: dict[str, bytes | None]
    keep_log_level: bool = False

    def plan(self, upstream: Identity | None = None) -> SandboxPlan:
        files = {path: self.doubles.content(content) if content else content for path, content in self.evidence.files.items()}
        tree = Stage(self.evidence).tree
        certificates = {path: content for path, content in files.items() if path not in tree.sources}
        return SandboxPlan(
            tree=tree,
            files={**certificates, **self.made},
            keys=self.doubles.private_keys(),
            upstreams=self._stubs(upstream or self._upstream()),
            keep_log_level=self.keep_log_level,
        )

    def _upstream(self) -> Identity | None:
        return self.doubles.identity(self.chain) if self.case.side is Side.UPSTREAM and self.chain else None

    def _stubs(self, identity: Identity | None) -> dict[str, UpstreamStub]:
        upstream = self.case.stage.upstream
        if identity is None or upstream is None:
            return {}
        return {address: UpstreamStub(chain=identity.chain, key=identity.key) for address in upstream.addresses}

    def request(self, identity: Identity | None) -> ProbeRequest:
        scene = self.case.stage.scene
        return ProbeRequest(
            address=scene.socket.address,
            port=scene.socket.port,
            sni=scene.sni,
            host=scene.host,
            path=scene.uri,
            identity=ClientIdentity(certificate_chain=identity.chain, private_key=identity.key) if identity else None,
        )

    def sender(self) -> Identity | None:
        """Who asks: the client in question, or for an upstream any client that nginx lets in."""
        if self.case.side is Side.CLIENT and self.chain:
            return self.doubles.identity(self.chain)
        return self.client


def prove(reasoned: Reasoned, tools: SandboxTools, *, client_key: bytes | None = None) -> Proven:
    """The diagnosis with a proof at the first remedy of each finding.

    Remedies are tried one after the other on one copy, so that a later one is tried with the earlier ones in place. With
    `client_key` (PEM) and remedies that edit files alone, the peer's own certificates are used; otherwise doubles of them.

    Raises:
        WorldError: nginx cannot be run.
    """
    tasks = [(n, changes[0]) for n, changes in enumerate(reasoned.changes) if changes]
    if not tasks:
        return Proven(diagnosis=reasoned.diagnosis)
    bench = _bench(reasoned, client_key if all(change.by_files_alone for _, change in tasks) else None)
    findings = list(reasoned.diagnosis.findings)
    bench.keep_log_level = any(finding.cause == _LOG_CAUSE for finding in findings)
    try:
        with sandbox(tools, bench.plan()) as running:
            if not running.runs:
                return _not_run(reasoned, running.test.output)
            proofs = _try_all(bench, running, [(findings[n], change) for n, change in tasks], str(tools.nginx.build().version))
            for (n, _), proof in zip(tasks, proofs, strict=True):
                findings[n] = _with_proof(findings[n], proof)
            notes = running.notes
    except HandclaspError as error:
        return _not_run(reasoned, str(error))
    return Proven(diagnosis=replace(reasoned.diagnosis, findings=tuple(findings)), notes=notes)


def _not_run(reasoned: Reasoned, words: str) -> Proven:
    failed = Text(en=f"nothing could be tried: {words}", zh=f"无法进行验证：{words}")
    return Proven(diagnosis=reasoned.diagnosis, failed=failed)


def _bench(reasoned: Reasoned, client_key: bytes | None) -> _Bench:
    case = reasoned.case
    doubles = Doubles(case, real_key=client_key)
    server = case.stage.scene.handshake
    anchors = client_trust(server, case.evidence.files, case.stage.version).store.certificates
    asked = server.verify_client.value is not VerifyClient.OFF
    client = doubles.first_client(anchors) if asked and case.side is Side.UPSTREAM else None
    return _Bench(
        case=case, doubles=doubles, evidence=case.evidence, chain=case.presented or (), client=client, made={}
    )  # fmt: skip


def _try_all(bench: _Bench, running: RunningSandbox, tasks: list[tuple[Finding, Change]], nginx: str) -> list[Proof]:
    steps: list[tuple[Answer, Answer, bool]] = []
    for finding, change in tasks:
        before = running.ask(_request(bench, finding))
        _apply(bench, change)
        running.update(bench.plan())
        after = running.ask(_request(bench, finding))
        steps.append((_answer(before), _answer(after), _gone(finding, before, after)))
    asked = running.ask(bench.request(bench.sender()))
    refused = tuple(_still_refused(bench, running))
    held = all(ok for _, ok in refused)
    admitted = not _refused(bench.case, asked)
    logged = all(finding.cause == _LOG_CAUSE for finding, _ in tasks)
    return [
        Proof(
            before=before, after=after, still_refused=tuple(name for name, ok in refused if ok), nginx=nginx,
            proved=held and gone and (admitted or logged),
        )
        for before, after, gone in steps
    ]  # fmt: skip


def _request(bench: _Bench, finding: Finding) -> ProbeRequest:
    """The request in question; to see whether refusals are logged, one that must be refused."""
    if finding.cause == _LOG_CAUSE:
        return bench.request(bench.doubles.stranger(Side.CLIENT))
    return bench.request(bench.sender())


def _apply(bench: _Bench, change: Change) -> None:
    bench.evidence = applied(bench.evidence, change.edits)
    if change.reissued:
        bench.doubles.reissue(change.reissued)
    if change.sends is not None:
        bench.chain = change.sends
    if change.first_certificate:
        server = bench.case.stage.scene.handshake
        anchors = client_trust(server, bench.case.evidence.files, bench.case.stage.version).store.certificates
        bench.client = bench.doubles.first_client(anchors)
    if change.unknown_issuers or change.fresh_lists:
        current = {
            path: bench.made.get(path) or bench.doubles.content(content) if content else content
            for path, content in bench.evidence.files.items()
        }
        before = dict(current)
        put_in(bench.doubles, change, current)
        bench.made.update((path, content) for path, content in current.items() if before.get(path) != content)


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


def _gone(finding: Finding, before: Asked, after: Asked) -> bool:
    """Something changed for the better: the log line that was there is not, or, for a silent log, one has come."""
    if finding.cause == _LOG_CAUSE:
        return not before.log and bool(after.log)
    return (_answer(before).log, before.result.status) != (_answer(after).log, after.result.status)


def _still_refused(bench: _Bench, running: RunningSandbox) -> Iterator[tuple[str, bool]]:
    """Those who must not get in, tried after everything was applied: name, and whether they were refused."""
    case = bench.case
    stranger = bench.doubles.stranger(case.side)
    if case.side is Side.UPSTREAM:
        running.update(bench.plan(upstream=stranger))
        yield "an upstream of another CA", _refused(case, running.ask(bench.request(bench.sender())))
        return
    mode = case.stage.scene.answer.verify_client.value
    if mode is VerifyClient.ON:
        yield "a client without certificate", _refused(case, running.ask(bench.request(None)))
    if mode in {VerifyClient.ON, VerifyClient.OPTIONAL}:
        yield "a client of another CA", _refused(case, running.ask(bench.request(stranger)))


def _with_proof(finding: Finding, proof: Proof) -> Finding:
    first, *others = finding.remedies
    return replace(finding, remedies=(replace(first, proof=proof), *others))
