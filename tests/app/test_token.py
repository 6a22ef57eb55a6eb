"""CA keys in a PKCS#11 token (SoftHSM): made there, never outside, and everything signed by it is good."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl, verify

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


@dataclass(frozen=True)
class SoftToken:
    config: Path
    pin: Path
    store: Path


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    store, config, pin = tmp_path / "tokens", tmp_path / "softhsm2.conf", tmp_path / "pin"
    store.mkdir()
    config.write_text(f"directories.tokendir = {store}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pin.write_text("4711-secret\n")
    pin.chmod(0o600)
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    words = ["--init-token", "--free", "--label", "ca", "--pin", "4711-secret", "--so-pin", "so-secret"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    return SoftToken(config=config, pin=pin, store=store)


def options(token: SoftToken) -> tuple[str, ...]:
    return ("--pkcs11-module", MODULE, "--pkcs11-token", "ca", "--pin-file", str(token.pin))


def test_a_root_in_a_token(empty: Ca, token: SoftToken) -> None:
    empty.run("init", *options(token))
    assert [path.name for path in (empty.home / "keys").iterdir()] == ["issuing.pem"]
    empty.run("issue", "alice")
    verify(empty, empty.identity("alice", "certificate.pem"))
    empty.run("crl", "--refresh")
    states = {one["label"]: one["key_here"] for one in empty.json("ca", "list")["authorities"]}
    assert states == {"root": True, "issuing": True}
    empty.run("ca", "rollover", "root")
    assert [path.name for path in sorted((empty.home / "keys").iterdir())] == ["issuing-2.pem", "issuing.pem"]
    empty.run("renew", "alice")
    verify(empty, empty.identity("alice", "certificate.pem"))


@pytest.mark.parametrize("kind", ["ec-p384", "rsa-3072"])
def test_an_issuing_ca_in_a_token(ca: Ca, token: SoftToken, kind: str) -> None:
    ca.run("ca", "token", "--module", MODULE, "--token", "ca", "--pin-file", str(token.pin))
    ca.run("ca", "add", "hsm", "--in-token", "--key-type", kind)
    ca.run("issue", "alice")
    assert "Hsm CA" in openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-issuer")
    verify(ca, ca.identity("alice", "certificate.pem"))
    ca.run("ca", "add", "young", "--in-token", "--key-type", "ed25519", expect=4)


def test_without_the_token_its_last_crl_stays_and_nothing_is_signed(ca: Ca, token: SoftToken, tmp_path: Path) -> None:
    ca.run("ca", "token", "--module", MODULE, "--token", "ca", "--pin-file", str(token.pin))
    ca.run("ca", "add", "hsm", "--in-token")
    before = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    away = tmp_path / "away"
    token.store.rename(away)
    token.store.mkdir()
    after = {one["authority"]: one["number"] for one in ca.json("crl", "--refresh")["crls"]}
    assert after["hsm"] == before["hsm"]
    assert after["issuing"] == before["issuing"] + 1
    assert "there is no token ca" in ca.run("issue", "alice", expect=5).stderr


def test_a_wrong_pin_says_so(ca: Ca, token: SoftToken) -> None:
    token.pin.write_text("9999\n")
    ca.run("ca", "token", "--module", MODULE, "--token", "ca", "--pin-file", str(token.pin))
    assert "the PIN is wrong" in ca.run("ca", "add", "hsm", "--in-token", expect=5).stderr
    ca.run("ca", "token", "--module", str(token.pin), "--token", "ca")
    ca.run("ca", "add", "hsm", "--in-token", expect=5)
