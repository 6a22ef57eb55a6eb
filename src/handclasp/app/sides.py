"""Which verifications an examination is about: the client's at nginx, the upstream's by nginx, or both."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.page import CERTIFICATE, front_explains, shown
from handclasp.diagnose.pasted import read_pasted
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import Location, Setting, TlsServer, TlsUpstream, VerifyClient
from handclasp.model.verdict import Side
from handclasp.nginxconf.example_uri import example_uri
from handclasp.verdict.predict import Stage
from handclasp.verdict.scene import plain_name
from handclasp.verdict.upstream import BAD_GATEWAY

_MOST_OTHERS = 3
"""Upstreams of other places that are looked at in one run: a configuration of many alike servers has as many alike faults."""


def sides(evidence: Evidence, asked: Side | None, known: Stage | None = None) -> tuple[Evidence, ...]:
    """The evidence once for each verification to look at, the one in question first.

    `asked`: what the person said; None: the log decides, then the page that was shown, then the configuration. The other
    side is looked at too when what its peer presents is known, and so is every other upstream of this nginx that it refuses:
    of the server that was named, or of all of them. `known`: the stage of this evidence.
    """
    if evidence.root is None:
        return (replace(evidence, side=asked or evidence.side),)
    stage = known or Stage(evidence)
    first = _in_question(stage, asked)
    return (*first, *_elsewhere(stage, [stage.about(one) for one in first if one.side is Side.UPSTREAM]))


def side_asked(evidence: Evidence) -> Side | None:
    """The side that a person asked for; None where nobody did, for the client's is the one that goes without saying."""
    return Side.UPSTREAM if evidence.side is Side.UPSTREAM else None


def _in_question(stage: Stage, asked: Side | None) -> tuple[Evidence, ...]:
    evidence = stage.evidence
    behind = replace(evidence, side=Side.UPSTREAM)
    if asked is not None:
        return (replace(evidence, side=asked),)
    inner = stage.about(behind)
    upstream = inner.upstream is not None and inner.upstream.verify.value
    handshake = stage.scene.handshake
    verifying = handshake.verify_client.value is not VerifyClient.OFF
    meant = verifying or handshake.client_certificate.value is not None  # a CA for clients, and verification forgotten
    logged = next((side for line in evidence.log_lines if (side := read_pasted(line).side) is not None), None)
    relayed = inner.upstream is not None and _relayed(evidence)
    known = _known_upstream(inner)
    if not known and inner.upstream_chain is not None:
        behind = replace(behind, presented=None)  # it is the client's, not what the upstream shows
    about_it = upstream and not meant and not stage.presented
    first = logged or (Side.UPSTREAM if relayed or about_it else Side.CLIENT)
    client = replace(evidence, side=Side.CLIENT)
    if first is Side.UPSTREAM:
        return (
            (behind, client) if verifying and stage.presented is not None and evidence.upstream_chain is not None else (behind,)
        )
    return (client, behind) if upstream and known else (client,)


def _relayed(evidence: Evidence) -> bool:
    """Whether the visitor was shown a page about certificates that this nginx did not make."""
    case = Case(Stage(evidence))
    return shown(case) in CERTIFICATE and not front_explains(case)


def _known_upstream(inner: Stage) -> bool:
    """Whether the upstream's own chain is known, not one that may be the client's."""
    return inner.about(replace(inner.evidence, presented=None)).upstream_chain is not None


def _elsewhere(stage: Stage, taken: Sequence[Stage]) -> Iterator[Evidence]:
    """The questions about other upstreams that are sockets of this same configuration, and that nginx would refuse."""
    servers = (stage.scene.answer,) if stage.evidence.server or stage.evidence.request else stage.config.servers
    told = {_refusal(inner) for inner in taken}
    most = len(told | {None}) + _MOST_OTHERS
    judged: set[tuple[object, ...]] = set()
    for server in servers:
        for location in server.locations:
            upstream = location.upstream
            if upstream is None or not upstream.verify.value or any(upstream is inner.upstream for inner in taken):
                continue
            alike = _settings(upstream)
            if alike in judged:
                continue
            judged.add(alike)
            question = _question(stage, server, location)
            inner = stage.about(question) if question else None
            key = _refusal(inner) if inner and inner.scene.location is location else None
            if question is None or key is None or key in told:
                continue
            told.add(key)
            yield question
            if len(told | {None}) == most:
                return


def _settings(upstream: TlsUpstream) -> tuple[object, ...]:
    """What decides whom nginx refuses there, wherever it is written; with variables in it, of this place alone."""
    settings = [getattr(upstream, field.name) for field in fields(upstream)]
    values = tuple(repr(one.value if isinstance(one, Setting) else one) for one in settings)
    return (values, id(upstream)) if any("$" in value for value in values) else (values,)


def _question(stage: Stage, server: TlsServer, location: Location) -> Evidence | None:
    """What a request to this location would be; None where none can be told."""
    uri = example_uri(location) if location.path else "/"
    if uri is None:
        return None
    return replace(
        stage.evidence, side=Side.UPSTREAM, server=plain_name(server) or server.label, location=uri, request=None, answer=None,
        presented=None, upstream_chain=None, log_lines=(), seen=(),
    )  # fmt: skip


def _refusal(inner: Stage) -> tuple[object, ...] | None:
    """Whom nginx refuses there, and for what; None where it refuses nobody, or what is presented there is not known."""
    upstream = inner.upstream
    if upstream is None:
        return None
    chain = inner.upstream_chain if inner.upstream_refusal is None else ()
    verdict = inner.upstream_verdict(chain) if chain is not None else None
    if verdict is None or verdict.title != BAD_GATEWAY:
        return None
    return upstream.addresses, verdict.reported and verdict.reported.number
