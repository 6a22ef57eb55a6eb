"""Remedies and holes on a real nginx: refused at start before, running after; served before, refused after."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.model.verdict import Side
from tests.diagnose.rules import samples_holes, samples_placement, samples_reach, samples_start
from tests.diagnose.rules.workshop import Sample, Workshop

STARTS = [
    sample
    for sample in samples_start.SAMPLES
    if sample.name in {"der", "indented", "utf-16", "leaf-last", "crl-der", "in-location", "twice", "require", "misnamed"}
]
_SHOWN = {
    "optional-not-enforced",
    "error-page-495-bypass",
    "verify-client-not-enabled",
    "sni-host-split",
    "verify-failed-compare",
    "client-trust-too-wide",
}
HOLES = [
    sample
    for sample in (*samples_placement.SAMPLES, *samples_holes.SAMPLES)
    if (sample.severity == "error" or (sample.rule, sample.severity) == ("optional", "warning")) and sample.cause in _SHOWN
    # trust-unwanted: of a client that should be refused, the CA must say so; verify-tested: nobody gets in
    # other-door-quic: a sandbox has no QUIC
    if sample.rule not in {"trust-unwanted", "verify-tested"} and sample.label != "other-door-quic"
]
SHUT_OUT = [
    sample
    for sample in samples_holes.SAMPLES
    if sample.severity == "error" and sample.cause in {"authz-dn-format", "authz-serial-format"}
]


def doctor(sample: Sample, folder: Path) -> dict[str, object]:
    shop = sample.make(Workshop(folder, sample.side, sample.intermediates))
    peer = "--client-cert" if sample.side is Side.CLIENT else "--upstream-chain"
    argv = [sys.executable, "-m", "handclasp", "doctor", "--json", "--config", str(folder / "nginx.conf"), peer, "peer.pem"]
    argv += ["--server", shop.given.server] if shop.given.server else []
    argv += ["--upstream"] if sample.side is Side.UPSTREAM else []
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    assert done.returncode == (1 if sample.severity == "error" else 0), done.stderr
    document = json.loads(done.stdout)
    found: dict[str, object] = document["findings"][0]
    assert found["cause"] == sample.cause
    return found


@pytest.mark.parametrize("sample", STARTS, ids=lambda sample: sample.label)
def test_refused_at_start_and_runs_after_the_remedy(sample: Sample, tmp_path: Path) -> None:
    found = doctor(sample, tmp_path)
    proof = found["remedies"][0]["proof"]  # type: ignore[index]
    assert proof["before"]["status"] is None
    assert "[emerg]" in proof["before"]["log"]
    assert proof["after"]["status"] == 200, proof
    assert proof["proved"]


@pytest.mark.parametrize("sample", HOLES, ids=lambda sample: sample.label)
def test_the_hole_is_open_and_the_remedy_shuts_it(sample: Sample, tmp_path: Path) -> None:
    found = doctor(sample, tmp_path)
    proof = found["remedies"][0]["proof"]  # type: ignore[index]
    assert proof["before"]["status"] == 200
    assert proof["after"]["status"] in {400, 403, 421}
    assert proof["proved"], proof


@pytest.mark.parametrize("sample", SHUT_OUT, ids=lambda sample: sample.label)
def test_who_was_shut_out_gets_in(sample: Sample, tmp_path: Path) -> None:
    found = doctor(sample, tmp_path)
    proof = found["remedies"][0]["proof"]  # type: ignore[index]
    assert (proof["before"]["status"], proof["after"]["status"]) == (403, 200)
    assert proof["proved"], proof


@pytest.mark.parametrize("side", [Side.CLIENT, Side.UPSTREAM])
def test_an_impostor_for_the_upstream_is_served_before_and_refused_after(side: Side, tmp_path: Path) -> None:
    sample = next(item for item in samples_reach.SAMPLES if item.label == "upstream-verified-in-vain")
    named = sample.make(Workshop(tmp_path, Side.UPSTREAM))
    text = (tmp_path / "nginx.conf").read_text()
    named.main(text.replace("proxy_ssl_trusted", "proxy_ssl_name lab.test; proxy_ssl_trusted"))
    argv = [sys.executable, "-m", "handclasp", "doctor", "--json", "--config", "nginx.conf"]
    argv += ["--upstream", "--upstream-chain", "peer.pem"] if side is Side.UPSTREAM else ["--client-cert", ""]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["findings"][0]
    assert found["cause"] == "upstream-verify-off-by-default"
    proof = found["remedies"][0]["proof"]
    assert (proof["before"]["status"], proof["after"]["status"]) == (200, 502)
    assert proof["proved"] or side is Side.CLIENT, proof
