"""How many CAs stand between an upstream and the root that is trusted for it: what the depth must allow, and no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from handclasp.app.site import SiteOrder
from handclasp.model.certificate import Certificate, TrustAnchors
from handclasp.model.intent import DepthFrom, UpstreamIntent
from handclasp.model.nginx import OpensslSeries
from handclasp.model.probe import ProbeRequest
from handclasp.model.verdict import PathVerdict, Side
from handclasp.nginxconf.render_upstream_tls import SECURE, parts
from handclasp.nginxconf.render_words import is_ip
from handclasp.pki.read import certificate_from_der, certificates_from_bytes
from handclasp.ports.files import FileReader
from handclasp.ports.probe import Probe
from handclasp.verdict.openssl import verify
from handclasp.verdict.question import Question

_UNLIMITED = 100
_MOMENT = 0.05
_SECONDS = 2.0


def with_depths(
    files: FileReader,
    door: Probe,
    at: datetime,
    series: OpensslSeries,
    orders: tuple[SiteOrder, ...],
    known: tuple[SiteOrder, ...] = (),
) -> tuple[SiteOrder, ...]:
    """The orders, with the depth of each upstream that nobody gave one for.

    It is counted in the chain that the upstream presents, or that a file says it does. An upstream that cannot be asked keeps
    the depth that it has among the `known` sites, so that a plan does not change with its being up or down; one that was never
    seen gets what its trust file holds below the root.
    """
    seen = {_place(one.intent.upstream): one.intent.upstream for one in known if one.intent.upstream}
    return tuple(
        replace(order, intent=replace(order.intent, upstream=_counted(files, door, at, series, upstream, seen)))
        if (upstream := order.intent.upstream) is not None and _open(upstream)
        else order
        for order in orders
    )


def _open(upstream: UpstreamIntent) -> bool:
    """Whether it is verified, to a depth that nobody gave."""
    secure = upstream.url.partition("://")[0] in SECURE and upstream.trusted_certificate is not None
    return secure and (upstream.verify_depth is None or upstream.depth_from is not DepthFrom.GIVEN)


def _place(upstream: UpstreamIntent) -> tuple[str | None, ...]:
    return upstream.url, upstream.name, upstream.trusted_certificate, upstream.chain


def _counted(
    files: FileReader,
    door: Probe,
    at: datetime,
    series: OpensslSeries,
    upstream: UpstreamIntent,
    seen: dict[tuple[str | None, ...], UpstreamIntent],
) -> UpstreamIntent:
    trusted = upstream.trusted_certificate or ""
    if not files.exists(trusted):
        return upstream  # rendered for another machine
    anchors = certificates_from_bytes(files.read(trusted), where=trusted)
    chain = _chain(files, door, upstream)
    path = _path(chain, anchors, at, series) if chain else None
    if path is not None and path.trusted:
        return replace(upstream, verify_depth=_above(path, series) - 1, depth_from=DepthFrom.PRESENTED)
    before = seen.get(_place(upstream))
    if before is not None and before.depth_from is DepthFrom.PRESENTED:
        return replace(upstream, verify_depth=before.verify_depth, depth_from=before.depth_from)
    # Whatever stands below a root in the file may be an issuer: it counts itself.
    below = [_above(found, series) for one in anchors if (found := _path((one,), anchors, at, series)).trusted]
    return replace(upstream, verify_depth=max(below, default=0), depth_from=DepthFrom.TRUSTED)


def _chain(files: FileReader, door: Probe, upstream: UpstreamIntent) -> tuple[Certificate, ...]:
    """What it presents; () when that cannot be found out."""
    if upstream.chain is not None:
        return tuple(certificates_from_bytes(files.read(upstream.chain), where=upstream.chain))
    _, host, port = parts(upstream.url)
    name = upstream.name or host
    sni = None if is_ip(name) else name
    asked = door.ask(ProbeRequest(address=host.strip("[]"), port=port, sni=sni, host=name, patience=_MOMENT, timeout=_SECONDS))
    return tuple(certificate_from_der(der) for der in asked.presented_chain)


def _path(presented: Sequence[Certificate], anchors: Sequence[Certificate], at: datetime, series: OpensslSeries) -> PathVerdict:
    return verify(
        Question(
            presented=tuple(presented),
            store=TrustAnchors(tuple(anchors)),
            crls=None,
            depth=_UNLIMITED,
            side=Side.UPSTREAM,
            at=at,
            series=series,
            security_level=0,
        )
    )


def _above(path: PathVerdict, series: OpensslSeries) -> int:
    """The certificates above the first one of a path; up to OpenSSL 1.0.2 the root counts twice: once more than later."""
    return len(path.path) - 1 + (series is OpensslSeries.V1_0_2)
