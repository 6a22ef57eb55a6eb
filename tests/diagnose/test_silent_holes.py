"""Set-ups in which everything works and something is open all the same: each hole is told, and the good client gets in."""

from pathlib import Path

import pytest

from handclasp.diagnose.engine import diagnose
from handclasp.model.evidence import Evidence
from tests.diagnose.rules import samples_holes as holes
from tests.diagnose.rules import samples_placement as placement
from tests.diagnose.rules import samples_reach as reach
from tests.diagnose.rules.workshop import Sample, Workshop

HOLES: dict[str, tuple[str, tuple[Sample, ...], tuple[str, ...]]] = {
    "optional, unguarded": ("optional-not-enforced", placement.SAMPLES, ("unguarded", "no-ca", "proxied", "partly")),
    "error_page turns refusals into pages": ("error-page-495-bypass", placement.SAMPLES, ("200", "to-app")),
    "without SNI another CA decides": ("sni-host-split", placement.SAMPLES, ("two-cas",)),
    "ssl_trusted_certificate lets clients in": ("client-trust-too-wide", holes.SAMPLES, ("stapling",)),
    "a root shared with sibling CAs": ("client-trust-too-wide", holes.SAMPLES, ("sibling",)),
    "certificates in a CRL file": ("client-trust-too-wide", holes.SAMPLES, ("ca-in-crl",)),
    "a revoked client resumes its session": ("revoked-client-resumes-session", holes.SAMPLES, ("shared", "ticket-key")),
    "sessions of another server": ("tls13-cross-server-session-resumption", holes.SAMPLES, ("depth", "other-ca")),
    "sessions and connections of another identity": (
        "upstream-session-reuse-trouble", reach.SAMPLES, ("two", "address", "connections"),
    ),
    "a certificate for the upstream that a variable names": (
        "upstream-session-reuse-trouble", reach.SAMPLES, ("sessions", "kept", "by-default"),
    ),
    "headers lost by inheritance": ("proxy-set-header-inheritance", holes.SAMPLES, ("dropped",)),
    "headers made up by the client": ("header-spoofable", holes.SAMPLES, ("elsewhere", "inside")),
    "a pattern for names without anchors": ("authz-dn-format", holes.SAMPLES, ("unanchored",)),
    "a name inside a name": ("authz-dn-format", holes.SAMPLES, ("injectable", "slashed")),
    "= FAILED": ("verify-failed-compare", holes.SAMPLES, ("failed",)),
    "an upstream that is not verified": ("upstream-verify-off-by-default", reach.SAMPLES, ("default", "beside")),
    "http{} insists for servers that it did not mean": ("client-sent-no-cert", placement.SAMPLES, ("demanded",)),
    "a CRL near its end": ("client-crl-expired", holes.SAMPLES, ("ending",)),
}  # fmt: skip
CASES = [
    pytest.param(cause, sample, id=f"{hole}: {sample.name}")
    for hole, (cause, samples, names) in HOLES.items()
    for sample in samples
    if sample.cause == cause and sample.name in names
]


def evidence(sample: Sample, folder: Path) -> Evidence:
    return sample.make(Workshop(folder, sample.side, sample.intermediates)).evidence()


@pytest.mark.parametrize(("cause", "sample"), CASES)
def test_it_works_and_the_hole_is_told(cause: str, sample: Sample, tmp_path: Path) -> None:
    diagnosis = diagnose(evidence(sample, tmp_path)).diagnosis
    assert diagnosis.verdict is None or diagnosis.verdict.admitted
    found = next(finding for finding in diagnosis.findings if finding.cause == cause)
    assert found.where.file
    assert found.remedies
    assert found.summary.en


def test_every_name_is_a_sample() -> None:
    asked = {(cause, name) for cause, _, names in HOLES.values() for name in names}
    assert {(param.values[0], param.values[1].name) for param in CASES} == asked  # type: ignore[union-attr]
