"""Remedies for nginx as a TLS client, and for protocols, on a real nginx: refused before, answered after."""

from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.doctor import examine
from handclasp.model.finding import Finding
from handclasp.model.nginx import NginxVersion
from handclasp.wiring import World
from tests.diagnose.rules import samples_protocol, samples_reach, samples_upstream
from tests.diagnose.rules.workshop import Sample, Workshop

SAMPLES = {sample.label: sample for sample in (*samples_upstream.SAMPLES, *samples_protocol.SAMPLES, *samples_reach.SAMPLES)}
BEFORE = {
    "relayed-server-use": (400, "The SSL certificate error"),
    "relayed-leaf-alone": (400, "The SSL certificate error"),
    "relayed-own-other-pair": (400, "No required SSL certificate was sent"),
    "relayed-own-server-use": (400, "(26:"),
    "relayed-own-leaf-alone": (400, "(21:unable to verify the first certificate)"),
    "upstream-protocols-own": (502, "SSL alert number 70"),
    "upstream-verified-chain-known": (200, ""),
    "upstream-sni-refused": (502, "SSL alert number 112"),
    "upstream-sni-address": (502, "SSL alert number 112"),
    "upstream-sni-other-certificate": (502, "certificate"),
    "upstream-sni-default-server": (502, 'does not match "lab.test"'),
    "start-pair-swapped": (None, "[emerg]"),
    "start-pair-elsewhere": (None, "[emerg]"),
    "start-pair-other-key": (None, "key values mismatch"),
    "start-pair-in-one-file": (None, 'no "proxy_ssl_certificate_key"'),
    "tls-ciphers-rsa-for-ec-tls12": (None, "no shared cipher"),
    "client-signatures-rsa": (400, "client sent no required SSL certificate"),
}


def first_of_cause(sample: Sample, folder: Path) -> Finding:
    shop = sample.make(Workshop(folder, sample.side, sample.intermediates))
    tools = World(str(folder / "home")).sandbox_tools
    diagnosis = examine(shop.evidence(), tools, side=sample.side).diagnosis
    return next(finding for finding in diagnosis.findings if finding.cause == sample.cause)


@pytest.mark.parametrize("label", BEFORE)
def test_refused_before_and_answered_after(label: str, tmp_path: Path) -> None:
    proof = first_of_cause(SAMPLES[label], tmp_path).remedies[0].proof
    status, words = BEFORE[label]
    assert proof is not None
    assert proof.before.status == status
    assert words in f"{proof.before.title} {proof.before.log}"
    after = 502 if status == 200 else 200  # an impostor that was believed is found out
    assert proof.after.status == after
    assert proof.proved


@pytest.mark.parametrize("label", ["upstream-sni-refused", "upstream-sni-other-certificate"])
def test_proven_behind_a_front_without_tls_as_well(label: str, tmp_path: Path) -> None:
    sample = SAMPLES[label]
    shop = sample.make(Workshop(tmp_path, sample.side, sample.intermediates))
    text = (tmp_path / "nginx.conf").read_text()
    assert "listen 127.0.0.1:8443 ssl;" in text
    shop.main(text.replace("listen 127.0.0.1:8443 ssl;", "listen 127.0.0.1:8080;"))
    diagnosis = examine(shop.evidence(), World(str(tmp_path / "home")).sandbox_tools, side=sample.side).diagnosis
    proof = next(finding for finding in diagnosis.findings if finding.cause == sample.cause).remedies[0].proof
    assert proof is not None
    assert (proof.before.status, proof.after.status, proof.proved) == (502, 200, True)


def test_the_default_without_tls13_is_proven_where_nginx_has_it(tmp_path: Path) -> None:
    """nginx offers TLS 1.3 to upstreams by itself from 1.23.4 on; there the same set-up works and nothing is proven."""
    proof = first_of_cause(SAMPLES["upstream-protocols-default"], tmp_path).remedies[0].proof
    assert proof is not None
    old = NginxVersion.parse(proof.nginx) < NginxVersion(1, 23, 4)
    assert (proof.before.status, proof.after.status, proof.proved) == (502 if old else 200, 200, old)


def test_a_file_with_a_private_key_is_never_rewritten(tmp_path: Path) -> None:
    """The key of proxy.pem is not in the evidence: an edit would lose it."""
    sample = SAMPLES["relayed-own-leaf-alone"]
    shop = sample.make(Workshop(tmp_path, sample.side))
    files = PosixFileTree()
    both = files.read(str(tmp_path / "proxy.pem")) + files.read(str(tmp_path / "proxy.key"))
    shop.put("proxy.pem", both)
    found = examine(shop.evidence(), None, side=sample.side).diagnosis.findings[0]
    assert found.cause == "upstream-client-cert-chain-missing"
    assert all(not remedy.edits for remedy in found.remedies)
