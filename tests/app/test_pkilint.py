"""A linter that others maintain (pkilint) finds nothing in certificates of every profile, in CAs, cross-certificates, CRLs.

URIs are of https here: pkilint asks a library for web addresses about them, which knows no spiffe.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.catalogue.profiles import END_ENTITY_PROFILES, PROFILES
from tests.ca_rig import Ca, founded

BIN = Path(sys.executable).parent


def faults(command: str, path: Path, *options: str) -> str:
    """What pkilint says from severity NOTICE on."""
    done = subprocess.run(
        [BIN / command, "lint", "-s", "NOTICE", *options, path], capture_output=True, text=True, timeout=60, check=False
    )
    return (done.stdout + done.stderr).strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    ca = founded(tmp_path_factory.mktemp("linted"), "--organization", "Beispiel 株式会社")
    ca.run("ca", "addresses", "--crl", "http://ca.home.test/crl/{label}.crl", "--ocsp", "http://ca.home.test/ocsp",
           "--issuer", "http://ca.home.test/ca/{label}.crt")  # fmt: skip
    ca.run("ca", "add", "branch", "--permit", "dns:branch.test", "--permit", "email:branch.test", "--exclude", "ip:10.0.0.0/8",
           "--for", "server")  # fmt: skip
    for profile in END_ENTITY_PROFILES:
        kinds = PROFILES[profile].san_kinds
        values = {
            "dns": "a.branch.test",
            "ip": "192.0.2.7",
            "email": "a@branch.test",
            "uri": "https://a.branch.test/x",
            "upn": "a@branch.test",
        }
        for key_type in PROFILES[profile].key_types:
            names = [word for kind in kinds for word in ("--san", f"{kind}:{values[kind]}")]
            ca.run("issue", f"{profile}-{key_type}", "--profile", profile, "--key-type", key_type, *names)
    ca.run("issue", "Ms Müller 张三")
    ca.run("revoke", "Ms Müller 张三", "--reason", "keyCompromise")
    ca.run("ca", "rollover", "root")
    ca.run("issue", "after")
    return ca


def test_certificates_of_every_profile_and_key(made: Ca) -> None:
    found = {}
    leaves = sorted(made.home.glob("identities/*/certificate.pem"))
    assert len(leaves) > 20
    for path in (*leaves, *sorted((made.home / "ca").glob("*.pem"))):
        if path.name in {"bundle.pem", "crl.pem"}:
            continue
        if said := faults("lint_pkix_cert", path):
            found[str(path)] = said
    assert found == {}


def test_cross_certificates(made: Ca, tmp_path: Path) -> None:
    chain = re.findall(
        r"-----BEGIN C.*?-----END CERTIFICATE-----\n", made.identity("after", "chain.pem").read_text(), re.DOTALL
    )
    assert len(chain) == 3
    (tmp_path / "cross.pem").write_text(chain[-1])
    assert faults("lint_pkix_cert", tmp_path / "cross.pem") == ""


def test_crls(made: Ca, tmp_path: Path) -> None:
    text = (made.home / "ca/crl.pem").read_text()
    for number, block in enumerate(re.findall(r"-----BEGIN X.*?-----END X509 CRL-----\n", text, re.DOTALL)):
        path = tmp_path / f"{number}.pem"
        path.write_text(block)
        assert faults("lint_crl", path, "-t", "CRL", "-p", "PKIX") == ""
