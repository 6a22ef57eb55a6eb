"""Trust settings behind a CA certificate, as `openssl x509` writes them: read, and judged as openssl judges them."""

import re
import subprocess
from pathlib import Path
from random import Random

import pytest

from handclasp.lab import mint
from handclasp.lab.case import pem
from handclasp.lab.differential import AT
from handclasp.lab.draft import Draft, healthy
from handclasp.model.evidence import Evidence
from handclasp.model.verdict import Side
from handclasp.pki.trust_settings import TrustSettings, trust_settings
from handclasp.verdict.predict import predict

CONF = b"""events { }
http { server { listen 8080; location / {
    proxy_pass https://127.0.0.1:8443;
    proxy_ssl_verify on;
    proxy_ssl_verify_depth 9;
    proxy_ssl_name lab.test;
    proxy_ssl_trusted_certificate /lab/ca.pem;
} } }
"""

SERVER, CLIENT, MAIL = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"
WAYS = {
    "plain": (),
    "trusted": ("-addtrust", "serverAuth"),
    "trusted-for-other": ("-addtrust", "emailProtection"),
    "trusted-for-any": ("-addtrust", "anyExtendedKeyUsage"),
    "rejected": ("-addreject", "serverAuth"),
    "rejected-for-other": ("-addreject", "emailProtection"),
    "both": ("-addtrust", "serverAuth", "-addreject", "serverAuth"),
}


def written(draft: Draft, authority: mint.Blank, way: str, folder: Path) -> bytes:
    plain, made = folder / "plain.pem", folder / "trusted.pem"
    plain.write_text(pem(mint.certificate(authority)))
    if not WAYS[way]:
        return plain.read_bytes()
    subprocess.run(["openssl", "x509", "-in", plain, "-out", made, "-trustout", *WAYS[way]], check=True)
    return made.read_bytes()


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("trusted", TrustSettings(frozenset({SERVER}), frozenset())),
        ("rejected", TrustSettings(None, frozenset({SERVER}))),
        ("trusted-for-other", TrustSettings(frozenset({MAIL}), frozenset())),
        ("both", TrustSettings(frozenset({SERVER}), frozenset({SERVER}))),
    ],
)
def test_settings_are_read_as_openssl_wrote_them(way: str, expected: TrustSettings, tmp_path: Path) -> None:
    draft = healthy(Random(3), Side.UPSTREAM, 0)
    content = written(draft, draft.root, way, tmp_path)
    assert trust_settings(content) == {mint.certificate(draft.root): expected}


def test_plain_and_damaged_certificates_have_none(tmp_path: Path) -> None:
    draft = healthy(Random(3), Side.UPSTREAM, 0)
    plain = written(draft, draft.root, "plain", tmp_path)
    assert trust_settings(plain) == {}
    assert trust_settings(plain.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")) == {}
    assert trust_settings(b"-----BEGIN TRUSTED CERTIFICATE-----\n!!\n-----END TRUSTED CERTIFICATE-----\n") == {}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("holder", ["root", "intermediate", "both"])
def test_the_model_judges_settings_as_openssl_does(way: str, holder: str, tmp_path: Path) -> None:
    draft = healthy(Random(3), Side.UPSTREAM, 1)
    issuing = draft.leaf.parent
    held = {"root": [draft.root], "intermediate": [issuing], "both": [issuing, draft.root]}[holder]
    anchors = b"".join(written(draft, one, way, tmp_path) for one in held)
    presented = [draft.leaf, issuing]
    (tmp_path / "ca.pem").write_bytes(anchors)
    (tmp_path / "sent.pem").write_text("".join(pem(mint.certificate(one)) for one in presented))
    (tmp_path / "leaf.pem").write_text(pem(mint.certificate(draft.leaf)))
    ran = subprocess.run(
        ["openssl", "verify", "-no-CApath", "-no-CAstore", "-purpose", "sslserver", "-attime", str(int(AT.timestamp())),
         "-CAfile", "ca.pem", "-untrusted", "sent.pem", "leaf.pem"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    seen = [(int(number), int(depth)) for number, depth in re.findall(r"error (\d+) at (\d+) depth", ran.stdout + ran.stderr)]
    found = predict(
        Evidence(
            at=AT, root="/lab/nginx.conf", files={"/lab/nginx.conf": CONF, "/lab/ca.pem": anchors}, side=Side.UPSTREAM,
            upstream_chain=(tmp_path / "sent.pem").read_bytes(), engine="3.0", nginx_version="1.30.6", security_level=1,
        )
    ).errors  # fmt: skip
    assert bool(found) == bool(ran.returncode), (found, ran.stderr)
    assert [(error.number, error.depth) for error in found[:1]] == seen[:1]
