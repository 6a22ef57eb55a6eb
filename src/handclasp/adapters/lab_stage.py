"""ports.Stage: a scenario on loopback TCP, visited with the probe."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from subprocess import Popen

from handclasp.adapters.free_ports import LoopbackPorts
from handclasp.adapters.held_connection import HeldConnection, replayed
from handclasp.adapters.lab_bench import LabNginx
from handclasp.adapters.lab_sides import LabSide, as_nobody, folder, give_to_nobody, reload, running, seen_from
from handclasp.adapters.plain_probe import ask_plainly
from handclasp.adapters.quic_visit import QuicVisitor
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult
from handclasp.pki.read import certificates_from_pem
from handclasp.ports.bench import FOLDER
from handclasp.ports.stage import PORTS, Pause, Performance, Play, Reload, Replay, Visit

_LOG = "logs/error.log"
_VISIT_SECONDS = 10.0


class LabStage(LabNginx):
    """ports.Stage; the configuration keeps its error log in logs/error.log."""

    def perform(self, play: Play) -> Performance:
        """Start the origin if there is one, then nginx under test; act; stop both."""
        ports = dict(zip(PORTS, (str(port) for port in LoopbackPorts().take(len(PORTS))), strict=True))
        with folder(self.root) as outside:
            subject = LabSide("subject", outside, seen_from(self.root, outside), self.argv)
            origin = LabSide("origin", outside, outside, self.counterpart)
            for side, files in ((origin, play.origin), (subject, play.subject)):
                (side.folder / "logs").mkdir(parents=True)
                side.lay(files, {**ports, FOLDER: side.prefix})
            if play.unprivileged:
                give_to_nobody(subject, play.closed)
                subject = replace(subject, argv=as_nobody(self.argv))
            visitor = QuicVisitor(self.openssl, subject.outside, subject.inside)
            return _perform(subject, origin if play.origin else None, play, ports, visitor)


def _perform(
    subject: LabSide, origin: LabSide | None, play: Play, ports: Mapping[str, str], visitor: QuicVisitor
) -> Performance:
    with ExitStack() as stack:
        if origin and stack.enter_context(running(origin)) is None:
            return Performance(start=f"origin: {origin.words()}")
        process = stack.enter_context(running(subject))
        if process is None:
            return Performance(start=subject.words(), log=subject.log(_LOG))
        results = _act(process, subject, play, ports, visitor)
        stack.close()  # a stopped nginx has written all its lines
        return Performance(results=results, log=subject.log(_LOG), origin_log=origin.log(_LOG) if origin else "")


def _act(
    process: Popen[bytes], subject: LabSide, play: Play, ports: Mapping[str, str], visitor: QuicVisitor
) -> dict[str, ProbeResult]:
    results: dict[str, ProbeResult] = {}
    with ExitStack() as open_ones:
        held: dict[str, HeldConnection] = {}
        for act in play.acts:
            match act:
                case Reload():
                    subject.lay(act.files, {**ports, FOLDER: subject.prefix})
                    if act.signal:
                        reload(process)
                case Pause():
                    time.sleep(act.seconds)
                case Replay():
                    results[act.name] = replayed(results[act.of].flight, int(ports[act.port]))
                case Visit(over=str(before)):
                    results[act.name] = held[before].ask(_request(act, results, ports))
                case Visit(quic=True):
                    results[act.name] = visitor.ask(_request(act, results, ports))
                case Visit(holds=True):
                    request = _request(act, results, ports)
                    held[act.name] = open_ones.enter_context(HeldConnection(request))
                    results[act.name] = held[act.name].ask(request)
                case Visit():
                    results[act.name] = _visited(act, _request(act, results, ports))
    return results


def _visited(act: Visit, request: ProbeRequest) -> ProbeResult:
    ask = ask_plainly if act.plain else TlsProbe().ask
    if act.picky and not _fits(request, ask(replace(request, identity=None)).advertised_cas):
        request = replace(request, identity=None)
    return ask(request)


def _fits(request: ProbeRequest, advertised: tuple[str, ...]) -> bool:
    """Whether the server names an issuer of what the client holds."""
    if request.identity is None:
        return False
    chain = certificates_from_pem(request.identity.certificate_chain, where="the client's chain")
    return any(one.issuer_text in advertised for one in chain)


def _request(visit: Visit, results: Mapping[str, ProbeResult], ports: Mapping[str, str]) -> ProbeRequest:
    identity = None
    if visit.chain:
        identity = ClientIdentity(certificate_chain=visit.chain.encode(), private_key=visit.key.encode())
    return ProbeRequest(
        address="127.0.0.1",
        port=int(ports[visit.port]),
        sni=visit.sni,
        host=visit.host,
        path=visit.path,
        identity=identity,
        tls=visit.tls,
        session=results[visit.resume].session if visit.resume else None,
        headers=visit.headers,
        method=visit.method,
        preamble=visit.preamble,
        trusted=visit.strict.encode() or None,
        strict=bool(visit.strict),
        timeout=_VISIT_SECONDS,
        early=visit.early,
    )
