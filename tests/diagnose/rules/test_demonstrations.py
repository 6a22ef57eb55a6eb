"""Holes shown on a real nginx: an attack goes through a copy of the configuration, and no longer once the remedy is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.app.doctor import examine
from handclasp.model.finding import Finding
from handclasp.present.diagnosis import diagnosis_text
from handclasp.wiring import World
from tests.diagnose.rules import samples_guards, samples_holes, samples_placement, samples_reach
from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import ASKS, Sample, Workshop

SAMPLES = {
    sample.label: sample
    for module in (samples_guards, samples_placement, samples_holes, samples_reach)
    for sample in module.SAMPLES
}
SHOWN = {
    "passed-by-rewritten": "without a certificate: 200 from the backend",
    "passed-by-sent-on": "without a certificate: 200 from the backend",
    "passed-by-of-the-server": "without a certificate: 200 from the backend",
    "passed-by-by-suffix": "without a certificate: 200 from the backend",
    "passed-by-by-suffix-elsewhere": "without a certificate: 200 from the backend",
    "passed-by-other-methods": "without a certificate: 200 from the backend",
    "optional-refused-and-shown": "without a certificate: 200",
    "passed-by-by-dots": "without a certificate: 200 from the backend",
    "claimed-geo": "without a certificate, saying x-forwarded-for: 10.0.0.0: 200 from the backend; without that: 403",
    "claimed-real-ip": "without a certificate, saying X-Forwarded-For: 10.0.0.0: 200 from the backend; without that: 403",
    "claimed-cookie": "without a certificate, saying Cookie: staff=0: 200 from the backend; without that: 403",
    "claimed-argument": "without a certificate, saying ?token=x: 200 from the backend; without that: 403",
    "optional-unguarded": "without a certificate: 200",
    "optional-proxied": "without a certificate: 200 from the backend",
    "error-page-to-app": "without a certificate: 200 from the backend",
    "verify-enabled-absent": "without a certificate: 200",
    "sni-split-two-cas": "with a certificate of CN=Elsewhere Root,O=Elsewhere and no server name: 200; without that: 400",
    "listen-tls-plain-beside": "without TLS, and so without a certificate: 200",
    "header-identity-elsewhere": "without a certificate, with a X-Client-DN of its own making: 200 from the backend, which",
    "header-identity-inside": "with any good certificate, with a X-Client-DN of its own making: 200 from the backend",
    "header-identity-dropped": "which was told X-Client-DN: CN=forged",
    "authz-failed-failed": "with a certificate of a CA that nobody trusts: 200",
    "authz-dn-unanchored": "as CN=leafx: 200; without that: 403",
    "sessions-revoked-shared": "revoked meanwhile, with its old session after a reload: 200; without that: 400",
    "sessions-revoked-ticket-key": "revoked meanwhile, with its old session after a reload: 200; without that: 400",
    "trust-siblings-sibling": "with a certificate of CN=Sibling CA,O=Lab: 200",
    "trust-stapling-stapling": "with a certificate of CN=Elsewhere Root,O=Elsewhere: 200",
    "trust-crl-file-ca-in-crl": "with a certificate of CN=Elsewhere Root,O=Elsewhere: 200",
    "upstream-verified-chain-known": "with an impostor in the place of https://127.0.0.1:9443: 200 from the impostor",
    "upstream-verified-default": "with an impostor in the place of https://127.0.0.1:9443: 200 from the impostor",
    "upstream-sessions-two": "at /, after a request to /as/: 200 from the backend, which was told client certificate",
    "upstream-sessions-address": "at /, after a request to /as/: 200 from the backend, which was told client certificate",
}
SHUT = {
    "passed-by-rewritten", "passed-by-sent-on", "passed-by-of-the-server", "passed-by-by-suffix",
    "passed-by-by-suffix-elsewhere", "passed-by-by-dots", "passed-by-other-methods", "optional-refused-and-shown",
    "claimed-geo", "claimed-real-ip", "claimed-cookie",
    "claimed-argument",
    "optional-unguarded", "optional-proxied", "error-page-to-app",
    "verify-enabled-absent", "sni-split-two-cas", "listen-tls-plain-beside",
    "header-identity-elsewhere", "header-identity-inside", "header-identity-dropped", "authz-failed-failed",
    "sessions-revoked-shared", "sessions-revoked-ticket-key", "trust-crl-file-ca-in-crl", "upstream-verified-chain-known",
    "trust-stapling-stapling",
    "upstream-sessions-two", "upstream-sessions-address",
}  # fmt: skip
"""Those with a remedy that files alone can make; of the others a person has to say what is meant."""

HARMLESS = {
    "sessions-across-other-ca": "421",  # this build has the fix of CVE-2025-23419
    "upstream-sessions-connections": "200 from the backend",  # nothing is kept for an HTTP/1.0 request
}


def found_in(sample: Sample, folder: Path) -> Finding:
    shop = sample.make(Workshop(folder, sample.side, sample.intermediates))
    return _first(shop, sample.cause or "")


def _first(shop: Workshop, cause: str) -> Finding:
    tools = World(str(shop.folder / "home")).sandbox_tools
    proven = examine(shop.evidence(), tools, side=shop.side)
    assert proven.failed is None, proven.failed
    return next(finding for finding in proven.diagnosis.findings if finding.cause == cause)


@pytest.mark.parametrize("label", SHOWN)
def test_a_hole_is_gone_through(label: str, tmp_path: Path) -> None:
    finding = found_in(SAMPLES[label], tmp_path)
    shown = finding.demonstration
    assert shown is not None
    assert shown.shown, shown
    assert SHOWN[label] in shown.words.en
    assert shown.before.status == 200
    assert shown.steps
    assert shown.shut is (True if label in SHUT else None), shown
    if label in SHUT:
        proof = finding.remedies[0].proof
        assert proof is not None
        assert proof.proved


@pytest.mark.parametrize("label", HARMLESS)
def test_what_cannot_be_shown_is_said_to_be_so(label: str, tmp_path: Path) -> None:
    shown = found_in(SAMPLES[label], tmp_path).demonstration
    assert shown is not None
    assert not shown.shown
    assert shown.words.en.startswith("could not be shown on a copy of this configuration")
    assert HARMLESS[label] in shown.words.en


@pytest.mark.parametrize("label", ["optional-unguarded-not", "authz-dn-slashes", "trust-path-by-root"])
def test_findings_that_are_no_holes_are_not_attacked(label: str, tmp_path: Path) -> None:
    sample = SAMPLES.get(label)
    if sample is None:
        shop = samples_holes.sound(Workshop(tmp_path))
        tools = World(str(tmp_path / "home")).sandbox_tools
        assert all(finding.demonstration is None for finding in examine(shop.evidence(), tools).diagnosis.findings)
        return
    assert found_in(sample, tmp_path).demonstration is None


TLS13 = "ssl_protocols TLSv1.2 TLSv1.3;"
LOOSE, STRICT = f"{ASKS} ssl_verify_depth 4;", f"{ASKS} ssl_crl crl.pem;"


@pytest.mark.parametrize(
    ("first", "second", "who"),
    [
        (f"{ASKS} {TLS13}", f"{LOOSE} {TLS13}", "with a session of site.test at first.test, sending no server name: 200"),
        (f"{STRICT} {TLS13}", f"{ASKS} {TLS13}", "with a session of site.test at first.test, sending no server name: 200"),
        (LOOSE, ASKS, "at site.test, sending no server name: first.test verifies: 200"),
        (ASKS, STRICT, "at site.test, sending no server name: first.test verifies: 200"),
    ],
    ids=["depth", "crl", "depth-by-default", "crl-by-default"],
)
def test_what_one_server_granted_opens_another(first: str, second: str, who: str, tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.draft.with_crls()
    shop.http(server(first.replace("site.test", "first.test")) + server(second)).say(server="first.test").sends()
    shown = _first(shop, "tls13-cross-server-session-resumption").demonstration
    assert shown is not None
    assert shown.shown, shown
    assert who in shown.words.en
    assert "; without that: 400 The SSL certificate error" in shown.words.en


def test_a_kept_connection_lends_its_certificate(tmp_path: Path) -> None:
    kept = 'proxy_http_version 1.1; proxy_set_header Connection "";'
    shop = samples_reach.shared_connections(Workshop(tmp_path))
    mine = shop.leaf_of(shop.draft.root, "this-nginx", "proxy.pem")
    shop.put("proxy.key", mine.key.pem)
    text = (tmp_path / "nginx.conf").read_text().replace("proxy_pass", f"{kept} proxy_pass")
    text = text.replace(
        "proxy_ssl_certificate server.pem; proxy_ssl_certificate_key server",
        "proxy_ssl_certificate proxy.pem; proxy_ssl_certificate_key proxy",
    )
    shown = _first(shop.main(text), "upstream-session-reuse-trouble").demonstration
    assert shown is not None
    assert shown.shown, shown
    assert "which was told client certificate: CN=this-nginx" in shown.words.en


OPTIONAL = ASKS.replace("verify_client on", "verify_client optional")
BACKEND = "location / { proxy_pass http://127.0.0.1:9000; }"
LIMIT = "limit_req_zone $key zone=strangers:1m rate=1r/m;"


@pytest.mark.parametrize(
    ("tables", "asks", "limit", "who"),
    [
        (
            'map $http_x_partner $key { default $binary_remote_addr; 1 ""; }', ASKS, "limit_req zone=strangers;",
            "with any good certificate, with $http_x_partner=1 of its own making",
        ),
        (
            'map $cookie_partner $known { default 0; "~^[0-9]+$" 1; } map $known $key { default $binary_remote_addr; 1 ""; }',
            ASKS, "limit_req zone=strangers burst=4 nodelay;", "with $cookie_partner=",
        ),
        (
            'map $arg_partner $key { default $binary_remote_addr; yes ""; }', OPTIONAL, "limit_req zone=strangers;",
            "$arg_partner=yes of its own making",
        ),
    ],
    ids=["header", "cookie-burst", "argument"],
)  # fmt: skip
def test_a_limit_is_outrun_by_saying_what_exempts(tables: str, asks: str, limit: str, who: str, tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.http(f"{tables} {LIMIT}" + server(f"{asks} {limit}", BACKEND)).sends()
    shown = _first(shop, "header-spoofable").demonstration
    assert shown is not None
    assert shown.shown, shown
    assert who in shown.words.en
    assert "so often that the limit should end it: 200 from the backend; without that: 503" in shown.words.en
    assert shown.steps[0].startswith("for n in $(seq ")
    assert shown.shut in {True, None}


def test_a_limit_that_nobody_without_a_certificate_meets(tmp_path: Path) -> None:
    table = 'map $ssl_client_s_dn $key { default $binary_remote_addr; "" ""; }'
    shop = Workshop(tmp_path)
    shop.http(f"{table} {LIMIT}" + server(f"{OPTIONAL} limit_req zone=strangers;", BACKEND))
    shown = _first(shop, "header-spoofable").demonstration
    assert shown is not None
    assert shown.words.en == "without a certificate, so often that the limit should end it: 200 from the backend"


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("misdirected-logged", "in the handshake and site.test in the request: 421 Misdirected Request; without that: 200"),
        ("no-sni-logged", "with a good certificate and no server name: 400 No required SSL certificate was sent; without"),
    ],
)
def test_a_refusal_of_two_names_is_shown(label: str, said: str, tmp_path: Path) -> None:
    shown = found_in(SAMPLES[label], tmp_path).demonstration
    assert shown is not None
    assert shown.shown, shown
    assert said in shown.words.en, shown.words.en


def test_in_the_document_and_in_both_languages(tmp_path: Path) -> None:
    SAMPLES["optional-proxied"].make(Workshop(tmp_path))
    argv = [sys.executable, "-m", "handclasp", "doctor", "--json", "--config", "nginx.conf", "--client-cert", "peer.pem"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    shown = json.loads(done.stdout)["findings"][0]["demonstration"]
    assert shown["shown"]
    assert shown["before"]["status"] == 200
    assert shown["after"]["status"] == 403
    assert shown["shut"]
    assert shown["steps"] == ["curl -k https://site.test:8443/"]
    shop = SAMPLES["optional-proxied"].make(Workshop(tmp_path))
    diagnosis = examine(shop.evidence(), World(str(tmp_path / "home")).sandbox_tools).diagnosis
    english, chinese = diagnosis_text(diagnosis, "en"), diagnosis_text(diagnosis, "zh")
    assert "Shown on a copy: without a certificate: 200 from the backend" in english
    assert "$ curl -k https://site.test:8443/" in english
    assert "with the remedies in place: 403 Forbidden" in english
    assert "已在副本上演示: 不带证书：200（来自后端）" in chinese
    assert english.count("403 Forbidden") == 1
