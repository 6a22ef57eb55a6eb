"""Every rule over every server that asks for certificates: what is wrong with a configuration before anybody complains."""

from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.generated import Writers
from handclasp.diagnose.rules import ALL
from handclasp.model.finding import Finding, Severity
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import sockets
from handclasp.verdict.predict import Stage
from handclasp.verdict.scene import plain_name

_OF_A_SERVER = tuple(rule for rule in ALL if not rule.whole)
_OF_A_NAME = tuple(rule for rule in _OF_A_SERVER if not rule.nameless)
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


def lint(stage: Stage) -> tuple[Finding, ...]:
    """The findings without remedies, worst first, each place once. Of a configuration that does not start: none.

    Raises:
        InputError: the configuration cannot be read.
    """
    found: dict[tuple[object, ...], Finding] = {}
    for number, (each, only_name) in enumerate(_stages(stage)):
        case = Case(each)
        case.__dict__["start_faults"] = ()  # the caller has looked at them
        for rule in ALL if number == 0 else _OF_A_NAME if only_name else _OF_A_SERVER:
            for finding in rule.check(case):
                found.setdefault((finding.cause, finding.where, finding.summary.en), finding)
    writers = Writers(stage.tree)
    return tuple(writers.told(finding) for finding in sorted(found.values(), key=lambda finding: _ORDER[finding.severity]))


def _stages(stage: Stage) -> Iterator[tuple[Stage, bool]]:
    """The evidence once for each way of asking clients (or of meaning to), and for each of verifying upstreams; one tree.

    With it, whether only the name that is asked for tells this way from one before.

    A rule looks at the whole configuration; only what it says of certificates depends on the server in question.
    """
    listening = {id(server) for socket in sockets(stage.config) for server in socket.servers}
    seen: set[tuple[object, ...]] = set()
    nameless: set[tuple[object, ...]] = set()
    for server in stage.config.servers:
        name = plain_name(server) or server.label
        for side, manner, asked in _manners(server):
            if id(server) in listening and (*manner, *asked) not in seen:
                seen.add((*manner, *asked))
                yield stage.about(replace(stage.evidence, server=name, side=side, presented=None)), manner in nameless
                nameless.add(manner)


def _manners(server: TlsServer) -> Iterator[tuple[Side, tuple[object, ...], tuple[str | None, ...]]]:
    """What tells one way of verifying from another, and the name that an upstream is to have."""
    meant = server.client_certificate.value or server.crl.value
    if server.verify_client.value is not VerifyClient.OFF or meant:
        files = (server.client_certificate.value, server.trusted_certificate.value, server.crl.value)
        yield Side.CLIENT, (*files, server.verify_client.value, server.verify_depth.value, server.ocsp.value), ()
    for one in (location.upstream for location in server.locations if location.upstream):
        files = (one.trusted_certificate.value, one.crl.value, one.certificate.value)
        yield Side.UPSTREAM, (*files, one.verify.value, one.verify_depth.value, one.module), (one.name.value,)
