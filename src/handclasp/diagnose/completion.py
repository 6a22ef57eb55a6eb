"""Which certificates, out of all at hand, would complete a broken path to a self-signed root."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from handclasp.model.certificate import Certificate
from handclasp.model.nginx import OpensslSeries
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import mismatch, self_signed


@dataclass(frozen=True, slots=True)
class Completion:
    """`chain` leads from the issuer of the top to the root, in order."""

    chain: tuple[Certificate, ...]

    @property
    def root(self) -> Certificate:
        """The self-signed end."""
        return self.chain[-1]

    def missing(self, store: Iterable[Certificate]) -> tuple[Certificate, ...]:
        """Those that a trust store lacks."""
        known = set(store)
        return tuple(item for item in self.chain if item not in known)


def complete(
    top: Certificate, pool: Iterable[Certificate], *, at: datetime, series: OpensslSeries, preferred: Iterable[Certificate] = ()
) -> Completion | None:
    """The shortest way from `top` up to a self-signed certificate of `pool`, signatures checked; None when there is none.

    Of equally short ways the one with more certificates of `preferred` (the store), then within their dates, wins. A
    self-signed `top` is its own end.
    """
    if self_signed(top, series):
        return Completion((top,))
    trusted = set(preferred)
    candidates = list(dict.fromkeys([*trusted, *pool]))
    ways: list[tuple[Certificate, ...]] = [(issuer,) for issuer in _issuers(top, candidates, series)]
    for _ in range(10):
        ended = [way for way in ways if self_signed(way[-1], series)]
        if ended:
            return Completion(max(ended, key=lambda way: _merit(way, trusted, at)))
        ways = [(*way, issuer) for way in ways for issuer in _issuers(way[-1], candidates, series) if issuer not in way][:200]
        if not ways:
            return None
    return None


def upwards(top: Certificate, pool: Iterable[Certificate], series: OpensslSeries) -> tuple[Certificate, ...]:
    """The way from `top` up as far as certificates are at hand, root or not."""
    candidates, found = list(pool), [top]
    while not self_signed(found[-1], series):
        above = next((issuer for issuer in _issuers(found[-1], candidates, series) if issuer not in found), None)
        if above is None:
            break
        found.append(above)
    return tuple(found[1:])


def _issuers(subject: Certificate, candidates: list[Certificate], series: OpensslSeries) -> list[Certificate]:
    return [
        item
        for item in candidates
        if item.subject == subject.issuer and mismatch(subject, item, series) is None and signed_by(subject, item.spki)
    ]


def _merit(way: tuple[Certificate, ...], trusted: set[Certificate], at: datetime) -> tuple[int, int, float]:
    current = sum(item.not_before <= at < item.not_after for item in way)
    return sum(item in trusted for item in way), current, way[-1].not_after.timestamp()
