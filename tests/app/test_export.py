"""Bundles for devices: what each holds can be read by the tools of that world."""

import plistlib
import re
import subprocess
from pathlib import Path

import pytest

from handclasp.catalogue.devices import DEVICES, Form
from tests.ca_rig import Ca, openssl


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    from tests.ca_rig import fresh

    ca = fresh(tmp_path_factory.mktemp("export"))
    ca.run("init")
    ca.run("issue", "alice")
    return ca


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.slug)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_device_in_both_languages(alice: Ca, device: object, lang: str, tmp_path: Path) -> None:
    from handclasp.catalogue.devices import Device

    assert isinstance(device, Device)
    found = alice.json("export", "alice", "--for", device.slug, "--lang", lang, "-o", str(tmp_path / "out"))
    folder = tmp_path / "out"
    assert folder.stat().st_mode & 0o777 == 0o700
    page = (folder / ("说明.txt" if lang == "zh" else "README.txt")).read_text()
    assert len(found["steps"]) == len(device.steps)
    assert not re.search(r"\{(name|p12|host)\}", page)
    for form in device.forms:
        if form is Form.PEM:
            public = openssl("x509", "-in", folder / "chain.pem", "-noout", "-pubkey")
            assert openssl("pkey", "-in", folder / "key.pem", "-pubout") == public
            assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
            continue
        container = folder / "alice.p12"
        if form is Form.MOBILECONFIG:
            (payload,) = plistlib.loads((folder / "alice.mobileconfig").read_bytes())["PayloadContent"]
            assert payload["PayloadType"] == "com.apple.security.pkcs12"
            assert "Password" not in payload
            container = tmp_path / "inside.p12"
            container.write_bytes(payload["PayloadContent"])
        told = openssl("pkcs12", "-in", container, "-passin", f"file:{folder / 'password.txt'}", "-nodes", "-info")
        assert told.count("BEGIN CERTIFICATE") == 2
        modern = form is Form.P12
        assert ("MAC: sha256" if modern else "MAC: sha1") in told


def test_the_apple_profile_carries_the_ca_only_on_demand(alice: Ca, tmp_path: Path) -> None:
    alice.run("export", "alice", "--for", "ios", "--with-ca", "-o", str(tmp_path / "out"))
    kinds = [
        one["PayloadType"] for one in plistlib.loads((tmp_path / "out" / "alice.mobileconfig").read_bytes())["PayloadContent"]
    ]
    assert kinds == ["com.apple.security.pkcs12", "com.apple.security.root"]


def test_curl_reads_the_container_for_windows(alice: Ca, tmp_path: Path) -> None:
    alice.run("export", "alice", "--for", "windows", "-o", str(tmp_path / "out"))
    password = (tmp_path / "out" / "password.txt").read_text().strip()
    config = f'cert = "{tmp_path}/out/alice.p12:{password}"\ncert-type = "P12"\nurl = "https://127.0.0.1:9/"\n'
    done = subprocess.run(["curl", "-sS", "-K", "-"], input=config, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr  # it could not connect, after it had read the container


def test_a_second_export_replaces_ours_but_nothing_of_others(alice: Ca, tmp_path: Path) -> None:
    for _ in range(2):
        alice.run("export", "alice", "--for", "curl")
    (tmp_path / "key.pem").write_text("mine")
    done = alice.run("export", "alice", "--for", "curl", "-o", str(tmp_path), expect=4)
    assert "is there already" in done.stderr
    assert (tmp_path / "key.pem").read_text() == "mine"


def test_what_cannot_be_exported(alice: Ca) -> None:
    assert "there is no device 'toaster'" in alice.run("export", "alice", "--for", "toaster", expect=2).stderr
    assert "--for ios" in alice.run("export", "alice", expect=2).stderr
    assert "no identity" in alice.run("export", "nobody", "--for", "ios", expect=2).stderr
