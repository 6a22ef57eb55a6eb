"""What the rules look at: the evidence worked out, the verdict, and the same verification with its faults undone one by one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Concatenate, ParamSpec, TypeVar, cast

from handclasp.diagnose.completion import Completion, complete, upwards
from handclasp.diagnose.log_line import LogLine
from handclasp.diagnose.party import UNLIMITED, Party, client_party, upstream_party
from handclasp.diagnose.pasted import read_pasted
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.evidence import GONE, Evidence
from handclasp.model.nginx import StartFault, VerifyClient
from handclasp.model.verdict import PathVerdict, Side, Verdict
from handclasp.pki.any_form import look
from handclasp.verdict.predict import Stage
from handclasp.verdict.trust import certificates_in, crls_in

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One diagnosis in progress. Everything is computed when first asked for, and once.

    `started`: judged as if nginx had started, whatever it would say of its files.
    """

    stage: Stage
    started: bool = False
    _worked_out: dict[tuple[object, ...], object] = field(default_factory=dict, compare=False, repr=False)

    def once(self, work: Callable[Concatenate["Case", P], T], *args: P.args, **none: P.kwargs) -> T:
        """What `work` makes of this case and of hashable arguments: computed at the first call."""
        key = (work, *args)
        if key not in self._worked_out:
            self._worked_out[key] = work(self, *args, **none)
        return cast("T", self._worked_out[key])

    def forget(self, work: Callable[Concatenate["Case", P], T], *args: P.args, **_: P.kwargs) -> None:
        """Let go of what `work` made: a large configuration fits into memory a few times, not once for each idea."""
        self._worked_out.pop((work, *args), None)

    @property
    def evidence(self) -> Evidence:
        """What was given."""
        return self.stage.evidence

    @cached_property
    def side(self) -> Side:
        """Which verification is in question."""
        return self.evidence.side

    @cached_property
    def presented(self) -> tuple[Certificate, ...] | None:
        """The peer's chain; None when it is not known."""
        return self.stage.presented if self.side is Side.CLIENT else self.stage.upstream_chain

    @cached_property
    def verdict(self) -> Verdict | None:
        """What nginx says; None when nobody said what the peer presents."""
        if self.start_faults:
            return Verdict(side=self.side, status=None, title=None, start=self.start_faults[0].message)
        if self.side is Side.UPSTREAM and self.stage.upstream_refusal is not None:
            return self.stage.upstream_refusal
        if self.presented is None or (self.presented and self.unread):
            return None
        if self.side is Side.CLIENT:
            return self.stage.client_verdict(self.presented)
        return self.stage.upstream_verdict(self.presented) if self.stage.upstream else None

    @cached_property
    def start_faults(self) -> tuple[StartFault, ...]:
        """Why nginx refuses to start with this configuration; () when it would start."""
        if self.started:
            return ()
        return tuple(fault for fault in self.stage.start_faults if GONE not in fault.message)  # that nginx was never given

    @cached_property
    def logged(self) -> tuple[LogLine, ...]:
        """The log lines given, read."""
        return tuple(read_pasted(line) for line in self.evidence.log_lines)

    @cached_property
    def party(self) -> Party | None:
        """The verification itself; None when none takes place."""
        if not self.presented or self.unread:
            return None
        return (client_party if self.side is Side.CLIENT else upstream_party)(self.stage, self.presented)

    @cached_property
    def unread(self) -> tuple[str, ...]:
        """Trust and CRL files of this verification that are not at hand: a dump from another machine, a forbidden folder."""
        paths: tuple[str | None, ...]
        if self.side is Side.UPSTREAM:
            upstream = self.stage.upstream
            paths = (upstream.trusted_certificate.value, upstream.crl.value) if upstream and upstream.verify.value else ()
        else:
            server = self.stage.scene.handshake
            asks = server.verify_client.value is not VerifyClient.OFF
            paths = (server.client_certificate.value, server.trusted_certificate.value, server.crl.value) if asks else ()
        return tuple(path for path in paths if path and self.evidence.files.get(path) is None)

    @cached_property
    def pool(self) -> tuple[Certificate, ...]:
        """Every certificate at hand that a bundle could be made of: trust files, candidates, what the peer sent."""
        files = self.evidence.files
        named = (certificate for path in files for certificate in certificates_in(files, path))
        near = (
            certificate for path in self.evidence.candidates for certificate in certificates_in(self.evidence.candidates, path)
        )
        unlike = (
            certificate
            for path in files
            if path not in self.stage.tree.sources and not certificates_in(files, path)
            for certificate in _in_other_form(files[path])
        )
        return tuple(dict.fromkeys((*named, *near, *(self.presented or ()), *unlike)))

    @cached_property
    def lists(self) -> tuple[Crl, ...]:
        """Every CRL at hand."""
        found = [crl for path in self.evidence.files for crl in crls_in(self.evidence.files, path)]
        found += [crl for path in self.evidence.candidates for crl in crls_in(self.evidence.candidates, path)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def completion(self) -> Completion | None:
        """What would complete the path, when depth is no matter and it still does not reach an anchor."""
        party = self.party
        if party is None or party.deep.trusted:
            return None
        top = party.deep.path[-1].certificate
        return complete(
            top, self.pool, at=self.evidence.at, series=party.judge.series, preferred=party.trust.store.certificates
        )  # fmt: skip

    @cached_property
    def missing(self) -> tuple[Certificate, ...]:
        """The certificates at hand that the trust store lacks for a complete path."""
        if self.party is None or self.completion is None:
            return ()
        return self.completion.missing(self.party.trust.store.certificates)

    @cached_property
    def whole(self) -> PathVerdict | None:
        """The verdict with a complete path and no depth limit: what remains is wrong with the certificates and CRLs."""
        return self.party.verify(added=self.missing, depth=UNLIMITED) if self.party else None

    @cached_property
    def beyond(self) -> tuple[Certificate, ...]:
        """Certificates at hand above the top of a path that does not reach a root, although nginx would not take them."""
        if self.party is None or self.whole is None or self.whole.trusted or not self.whole.path:
            return ()
        return upwards(self.whole.path[-1].certificate, self.pool, self.party.judge.series)

    @cached_property
    def shallow(self) -> PathVerdict | None:
        """The verdict with a complete path and the depth that is set."""
        return self.party.verify(added=self.missing) if self.party else None


def _in_other_form(content: bytes | None) -> tuple[Certificate, ...]:
    """Certificates of a file that nginx cannot read as it is."""
    return look(content).certificates if content else ()


def errors_at(verdict: PathVerdict, *symbols: str) -> Iterable[tuple[int, Certificate]]:
    """Depth and certificate of every error with one of these symbols (without X509_V_ERR_)."""
    certificates = {step.depth: step.certificate for step in verdict.path}
    wanted = {f"X509_V_ERR_{symbol}" for symbol in symbols}
    seen: set[int] = set()
    for error in verdict.errors:
        if error.symbol in wanted and error.depth not in seen:
            seen.add(error.depth)
            yield error.depth, certificates[error.depth]
