"""CA keys in a PKCS#11 token (SoftHSM): made there, never outside, and everything signed by it is good."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from handclasp.adapters.pkcs11_keys import TokenKeys
from handclasp.model.errors import WorldError
from handclasp.model.issuance import KeyType
from tests.ca_rig import Ca, fresh, openssl, verify
from tests.serve.serve_rig import ask, serving

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


@dataclass(frozen=True)
class SoftToken:
    config: Path
    pin: Path
    store: Path


def soft_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    store, config, pin = folder / "tokens", folder / "softhsm2.conf", folder / "pin"
    store.mkdir()
    config.write_text(f"directories.tokendir = {store}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pin.write_text("4711-secret\n")
    pin.chmod(0o600)
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    words = ["--init-token", "--free", "--label", "ca", "--pin", "4711-secret", "--so-pin", "so-secret"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    return SoftToken(config=config, pin=pin, store=store)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return soft_token(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SoftHSM behind a library that fails where a file says so."""
    made = tmp_path_factory.mktemp("failing") / "failing.so"
    source = Path(__file__).with_name("failing_token.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory, failing: Path) -> str:
    """That library in this process, where it reads its configuration once."""
    with pytest.MonkeyPatch.context() as environment:
        soft_token(tmp_path_factory.mktemp("loaded"), environment)
        pkcs11.lib(str(failing))
    return str(failing)


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
    token.store.rename(token.store.with_name("away"))
    token.store.mkdir()
    assert "there is no token ca" in empty.run("ca", "add", "more", expect=5).stderr  # it is not elsewhere, but not plugged in


@pytest.mark.parametrize("kind", ["ec-p384", "rsa-3072"])
def test_an_issuing_ca_in_a_token(ca: Ca, token: SoftToken, kind: str) -> None:
    named(ca, token)
    ca.run("ca", "add", "hsm", "--in-token", "--key-type", kind)
    ca.run("issue", "alice")
    assert "Hsm CA" in openssl("x509", "-in", ca.identity("alice", "certificate.pem"), "-noout", "-issuer")
    verify(ca, ca.identity("alice", "certificate.pem"))
    ca.run("ca", "add", "young", "--in-token", "--key-type", "ed25519", expect=4)


def test_without_the_token_its_last_crl_stays_and_nothing_is_signed(ca: Ca, token: SoftToken, tmp_path: Path) -> None:
    named(ca, token)
    ca.run("ca", "add", "hsm", "--in-token")
    before = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    away = tmp_path / "away"
    token.store.rename(away)
    token.store.mkdir()
    after = {one["authority"]: one["number"] for one in ca.json("crl", "--refresh")["crls"]}
    assert after["hsm"] == before["hsm"]
    assert after["issuing"] == before["issuing"] + 1
    assert "there is no token ca" in ca.run("issue", "alice", expect=5).stderr


def named(ca: Ca, token: SoftToken, module: object = MODULE, *, expect: int = 0) -> str:
    words = ("ca", "token", "--module", str(module), "--token", "ca", "--pin-file", str(token.pin))
    return ca.run(*words, expect=expect).stderr


def test_a_wrong_pin_says_so(ca: Ca, token: SoftToken) -> None:
    token.pin.write_text("9999\n")
    named(ca, token)
    assert "the PIN is wrong" in ca.run("ca", "add", "hsm", "--in-token", expect=5).stderr


def test_of_two_tokens_of_one_label_the_serial_number_names_one(ca: Ca, token: SoftToken) -> None:
    named(ca, token)
    ca.run("ca", "add", "hsm", "--in-token")
    shown = subprocess.run(["softhsm2-util", "--show-slots"], check=True, capture_output=True, text=True).stdout
    first = re.findall(r"Serial number:\s+(\w+)", shown)[0]
    again = ["--init-token", "--free", "--label", "ca", "--pin", "another-secret", "--so-pin", "so-secret"]
    subprocess.run(["softhsm2-util", *again], check=True, capture_output=True)
    told = ca.run("issue", "alice", expect=5).stderr
    assert "several tokens are called ca" in told
    assert first in told
    ca.run("ca", "token", "--module", MODULE, "--token", first, "--pin-file", str(token.pin))
    ca.run("issue", "alice")


def test_a_wrong_pin_is_tried_once(loaded: str) -> None:
    pins = iter([b"9999", b"9999", b"4711-secret"])
    keys = TokenKeys(loaded, "ca", lambda: next(pins))
    with pytest.raises(WorldError, match="PIN is wrong") as first:
        keys.create("tried", KeyType.EC_P256)
    with pytest.raises(WorldError, match="PIN is wrong") as second:
        keys.create("tried", KeyType.EC_P256)
    assert "it was tried once" in (first.value.hint or "")
    assert "not tried again" in (second.value.hint or "")
    keys.create("tried", KeyType.EC_P256)


def test_what_is_no_token_is_not_named(ca: Ca, token: SoftToken, tmp_path: Path) -> None:
    assert "there is no such library" in named(ca, token, tmp_path / "none.so", expect=5)
    for library in (token.pin, next(Path("/lib").glob("*/libz.so.1"))):
        assert "this is no PKCS#11 library" in named(ca, token, library, expect=5)
    missing = ca.run("ca", "token", "--module", MODULE, "--token", "cb", expect=5).stderr
    assert "there is no token cb" in missing
    assert "this library knows: ca\n" in missing
    assert "this home has no token" in ca.run("ca", "token", expect=2).stderr
    (tmp_path / "other").mkdir()
    empty = fresh(tmp_path / "other")
    empty.run("init", "--pkcs11-module", MODULE, "--pkcs11-token", "cb", expect=5)
    assert not (empty.home / "registry.sqlite").exists()


@pytest.mark.parametrize(
    ("place", "answer", "words"),
    [
        (18, 0xA4, "the token is locked"),
        (18, 0xA2, "none of that length"),
        (18, 0x102, "no user PIN yet"),
        (59, 0x31, "the token is full"),
        (59, 0xE2, "write-protected"),
        (59, 0x70, "does not make such keys"),
        (43, 0x32, "was removed or reset amid the work"),
        (43, 0x30, "was removed or reset amid the work"),
        (43, 0x06, "the token failed: FunctionFailed"),
    ],
)
def test_a_failure_of_the_token_is_one_clear_error_and_the_next_run_goes_on(
    ca: Ca, token: SoftToken, failing: Path, tmp_path: Path, place: int, answer: int, words: str
) -> None:
    named(ca, token, failing)
    fault = tmp_path / "fault"
    fault.write_text(f"{place} {answer}")
    told = ca.run("ca", "add", "hsm", "--in-token", env={"FAILING_TOKEN": str(fault)}, expect=5).stderr
    assert words in told
    assert told.count("error:") == 1
    assert "4711" not in told
    ca.run("ca", "add", "hsm", "--in-token")
    ca.run("issue", "alice")
    verify(ca, ca.identity("alice", "certificate.pem"))


def test_a_process_goes_on_when_its_token_is_back(loaded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = tmp_path / "fault"
    monkeypatch.setenv("FAILING_TOKEN", str(fault))
    keys = TokenKeys(loaded, "ca", lambda: b"4711-secret")
    key = keys.create("back", KeyType.EC_P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    fault.write_text("43 50")  # CKR_DEVICE_REMOVED
    with pytest.raises(WorldError, match="removed"):
        key.sign(b"text", ec.ECDSA(hashes.SHA256()))
    fault.write_text("18 164")  # CKR_PIN_LOCKED: it is asked for again
    with pytest.raises(WorldError, match="locked"):
        key.sign(b"text", ec.ECDSA(hashes.SHA256()))
    fault.unlink()
    signature = key.sign(b"text", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"text", ec.ECDSA(hashes.SHA256()))


def test_threads_share_a_token(loaded: str) -> None:
    key = TokenKeys(loaded, "ca", lambda: b"4711-secret").create("shared", KeyType.EC_P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    texts = [b"%d" % number for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(lambda text: key.sign(text, ec.ECDSA(hashes.SHA256())), texts))
    for text, signature in zip(texts, signed, strict=True):
        key.public_key().verify(signature, text, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("kind", ["ec-p384", "rsa-3072"])
def test_a_ca_in_a_token_has_a_responder_and_issues_fleets(ca: Ca, token: SoftToken, tmp_path: Path, kind: str) -> None:
    named(ca, token)
    ca.run("ca", "add", "hsm", "--in-token", "--key-type", kind)
    table = tmp_path / "people.csv"
    table.write_text("name\nbob\ncarl\n")
    ca.run("issue", "alice")
    assert ca.json("issue", "--from", str(table), "--into", str(tmp_path / "fleet"))["issued"] == 2
    ca.run("issue", "mallory")
    ca.run("revoke", "mallory")
    ca.run("publish", str(tmp_path / "public"))
    assert (ca.home / "keys/hsm.ocsp.pem").exists()  # its certificate is signed in the token, its answers are not
    with serving(ca) as served:
        for name, status in (("alice", "good"), ("mallory", "revoked")):
            said = ask(ca, served.url, ca.identity(name, "certificate.pem"), issuer="hsm")
            assert "Response verify OK" in said
            assert f"certificate.pem: {status}" in said
        assert served.stop() == 0
