"""What one verification is about: everything OpenSSL looks at, as a value, and the list on which errors are raised."""

from dataclasses import dataclass, field
from datetime import datetime

from handclasp.catalogue.openssl_releases import LAST_SECOND_COUNTS
from handclasp.catalogue.verify_errors import lookup
from handclasp.model.certificate import Certificate, Crl, TrustAnchors
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import PathStep, RejectedIssuer, Side, Source, VerifyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call of X509_verify_cert as nginx sets it up.

    `presented` is the peer's Certificate message, leaf first, never empty. `crls` None: no ssl_crl, no check. `depth` is
    ssl_verify_depth. `side` decides the purpose: sslclient at the server, sslserver towards an upstream. `strict_crls`:
    this release of the series passes delta CRLs over, and compares a CRL's algorithms (catalogue.openssl_releases).
    """

    presented: tuple[Certificate, ...]
    store: TrustAnchors
    crls: tuple[Crl, ...] | None
    depth: int
    side: Side
    at: datetime
    series: OpensslSeries
    security_level: int
    strict_crls: bool = False

    @property
    def modern(self) -> bool:
        """OpenSSL 3.0 and newer."""
        return self.series.since(OpensslSeries.V3_0)

    def current(self, certificate: Certificate) -> bool:
        """Within its validity."""
        return certificate.not_before <= self.at and not self.past(certificate.not_after)

    def past(self, end: datetime) -> bool:
        """Whether a notAfter or nextUpdate has passed; up to 3.6 the second it names counts as passed."""
        return end < self.at if self.series.since(LAST_SECOND_COUNTS) else end <= self.at


@dataclass(slots=True)
class Findings:
    """What the verification has come to so far. nginx's callback always continues, so errors only add up."""

    series: OpensslSeries
    errors: list[VerifyError] = field(default_factory=list)
    rejected: list[RejectedIssuer] = field(default_factory=list)

    def error(self, symbol: str, depth: int, certificate: Certificate) -> None:
        """Raise one error, as verify_cb_cert does."""
        number, text = lookup(self.series, symbol)
        self.errors.append(
            VerifyError(number=number, symbol=f"X509_V_ERR_{symbol}", text=text, depth=depth, subject=certificate.subject_text)
        )

    def reject(self, depth: int, candidate: Certificate, source: Source, reason: str) -> None:
        """Remember why a candidate was not taken as issuer, once."""
        item = RejectedIssuer(depth=depth, candidate=candidate, source=source, reason=reason)
        if item not in self.rejected:
            self.rejected.append(item)


@dataclass(slots=True)
class Chain:
    """The path under construction. `untrusted` counts the leading certificates that came from the peer (num_untrusted)."""

    certificates: list[Certificate]
    untrusted: int
    trusted: bool = False

    @property
    def top(self) -> Certificate:
        """The certificate farthest from the leaf."""
        return self.certificates[-1]

    @property
    def size(self) -> int:
        """How many certificates, the leaf included."""
        return len(self.certificates)

    def steps(self) -> tuple[PathStep, ...]:
        """The path for people."""
        return tuple(
            PathStep(depth=depth, certificate=item, source=Source.PRESENTED if depth < self.untrusted else Source.STORE)
            for depth, item in enumerate(self.certificates)
        )
