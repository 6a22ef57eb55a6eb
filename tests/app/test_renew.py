"""renew, rekey and requests made elsewhere."""

import signal
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from handclasp.app.register import may_enter
from handclasp.catalogue.profiles import BACKDATE
from tests.ca_rig import Ca, assert_consistent, openssl, verify


def test_renew_keeps_the_key_and_the_old_certificate_stays_good(ca: Ca) -> None:
    first = ca.json("issue", "api.test", "--profile", "server", "--san", "ip:192.0.2.7", "--organization", "Example")
    key = ca.identity("api.test", "key.pem").read_bytes()
    second = ca.json("renew", "api.test")["renewed"][0]
    assert second["serial"] != first["serial"]
    assert ca.identity("api.test", "key.pem").read_bytes() == key
    old, new = (
        ca.identity("api.test", f"previous/{first['serial']}/certificate.pem"),
        ca.identity("api.test", "certificate.pem"),
    )
    for path in (old, new):
        verify(ca, path, purpose="sslserver")
    said = [
        openssl("x509", "-in", path, "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage") for path in (old, new)
    ]
    assert said[0] == said[1]
    assert_consistent(ca)


def test_rekey_archives_the_old_key(ca: Ca) -> None:
    first = ca.json("issue", "alice")
    key = ca.identity("alice", "key.pem").read_bytes()
    ca.run("rekey", "alice", "--key-type", "ec-p384")
    assert ca.identity("alice", "key.pem").read_bytes() != key
    archived = ca.identity("alice", f"previous/{first['serial']}")
    assert (archived / "key.pem").read_bytes() == key
    assert (archived / "key.pem").stat().st_mode & 0o777 == 0o600
    assert len(may_enter(ca.world.ca)) == 2
    assert_consistent(ca)


Stepped = Callable[[str], dict[str, str]]


def life(made: dict[str, Any]) -> timedelta:
    """What it was made for: certificates begin an hour before they are made."""
    return datetime.fromisoformat(made["not_after"]) - datetime.fromisoformat(made["not_before"]) - BACKDATE


def test_a_renewed_certificate_lives_as_long_as_the_former_one(ca: Ca) -> None:
    ca.json("issue", "alice", "--days", "30")
    assert life(ca.json("renew", "alice")["renewed"][0]) == timedelta(days=30)
    assert life(ca.json("rekey", "alice")) == timedelta(days=30)
    assert life(ca.json("renew", "alice", "--days", "90")["renewed"][0]) == timedelta(days=90)


def test_what_its_profile_allows_now_is_the_limit_of_a_renewal(ca: Ca) -> None:
    folder = ca.home / "profiles"
    folder.mkdir()
    for most in (200, 20):
        (folder / "guest.toml").write_text(f'base = "client"\nmax_days = {most}\n')
        made = ca.json("issue", "carl", "--profile", "guest") if most == 200 else ca.json("renew", "carl")["renewed"][0]
        assert life(made) == timedelta(days=most)


def test_a_life_that_the_end_of_a_ca_had_cut_is_not_kept(empty: Ca) -> None:
    empty.run("init", "--issuing-days", "20")
    assert life(empty.json("issue", "alice")) <= timedelta(days=20)
    empty.run("ca", "rollover", "issuing", "--days", "400")
    assert life(empty.json("renew", "alice")["renewed"][0]) == timedelta(days=365)


def test_nobody_asked_for_more_than_the_ca_has_left(empty: Ca) -> None:
    empty.run("init", "--issuing-days", "800")
    empty.json("issue", "alice", "--days", "700")
    empty.run("ca", "rollover", "issuing", "--days", "300")
    made = empty.json("renew", "alice")["renewed"][0]
    assert timedelta(days=299) < life(made) <= timedelta(days=300)


@pytest.mark.parametrize(
    "point", ["issue.key-staged", "issue.recorded", "export.archived", "export.key-placed", "export.file-written:2"]
)
def test_a_rekey_that_dies_never_loses_a_key(ca: Ca, point: str) -> None:
    first = ca.json("issue", "alice")
    key = ca.identity("alice", "key.pem").read_bytes()
    ca.run("rekey", "alice", env={"HANDCLASP_CRASHPOINT": point}, expect=-9)
    kept = [ca.identity("alice", "key.pem"), ca.identity("alice", f"previous/{first['serial']}/key.pem")]
    assert key in [path.read_bytes() for path in kept if path.exists()]
    ca.run("rekey", "alice")
    assert_consistent(ca)
    assert len(may_enter(ca.world.ca)) == 2


def test_due(ca: Ca, stepped: Stepped) -> None:
    for name, days in (("brief", 20), ("soon", 300), ("late", 600)):
        ca.run("issue", name, "--days", str(days))
    assert ca.json("renew", "--due", "30")["renewed"] == []
    later = stepped("+280d")
    made = ca.json("renew", "--due", "30", env=later)["renewed"]
    assert [(one["name"], life(one)) for one in made] == [("brief", timedelta(days=20)), ("soon", timedelta(days=300))]
    assert ca.json("renew", "--due", "30", env=later)["renewed"] == []  # also who was made for less than that


def test_renewing_nobody(ca: Ca) -> None:
    assert "there is no identity" in ca.run("renew", "nobody", expect=2).stderr
    assert "is a CA" in ca.run("renew", "Handclasp Issuing CA", expect=4).stderr
    ca.run("renew", expect=2)


def test_of_several_each_is_told_whatever_becomes_of_the_others(ca: Ca) -> None:
    for name in ("alice", "bob", "carol"):
        ca.run("issue", name)
    for words in ((), ("--due",)):
        assert "there is no identity 'nobody'" in ca.run("renew", "alice", "nobody", *words, expect=2).stderr
    assert len(ca.json("show", "alice")["certificates"]) == 1
    ca.run("revoke", "bob")
    done = ca.json("renew", "alice", "bob", "carol", "alice", expect=1)
    assert [one["name"] for one in done["renewed"]] == ["alice", "carol"]
    assert [one["name"] for one in done["failed"]] == ["bob"]
    assert ca.run("renew", "bob", "--due").stdout == "Nothing is due.\n"
    told = ca.run("renew", "bob", "alice", "--lang", "zh", expect=1)
    assert "bob：未能续期：bob 的最新证书已被吊销" in told.stdout
    assert "handclasp issue bob" in told.stderr  # how to mend it


def test_a_run_that_ends_tells_whom_it_renewed(ca: Ca) -> None:
    for name in ("alice", "bob", "carol"):
        ca.run("issue", name)
    with sqlite3.connect(ca.home / "registry.sqlite") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON certificate WHEN NEW.name = 'bob' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    connection.close()
    told = ca.run("renew", "alice", "bob", "carol", expect=5)
    assert told.stdout.startswith("alice: renewed, good until ")
    assert told.stdout.count("\n") == 1
    assert "the disk is full" in told.stderr
    assert "bring the new chain.pem" in told.stderr  # alice's, whatever became of the others
    document = ca.json("renew", "alice", "bob", "carol", expect=5)
    assert [one["name"] for one in document["renewed"]] == ["alice"]
    assert "the disk is full" in document["ended"]["what"]


@pytest.mark.parametrize("words", [("--due",), ("bob", "alice")])
def test_what_an_interrupted_renewal_signed_is_finished_by_the_next(ca: Ca, stepped: Stepped, words: tuple[str, ...]) -> None:
    """By the registry it is in time, so nobody would look after it; and what its holder has is about to end."""
    ca.run("issue", "alice")
    ca.run("issue", "bob", "--days", "800")
    late = stepped("+300d")
    ca.run("renew", "alice", env=late | {"HANDCLASP_CRASHPOINT": "issue.recorded"}, expect=-signal.SIGKILL)
    done = ca.json("renew", *words, env=late)["renewed"]
    assert [one["name"] for one in done] == ["alice", *(["bob"] if "bob" in words else [])]
    assert len(ca.json("show", "alice")["certificates"]) == 2  # it was not renewed once more
    placed = x509.load_pem_x509_certificate(ca.identity("alice", "certificate.pem").read_bytes())
    assert placed.serial_number == int(done[0]["serial"], 16)


def request(folder: Path, *options: str, key: str = "ec:P-256", subject: str = "/O=Evil/CN=root") -> Path:
    kind, _, size = key.partition(":")
    how = ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}"] if kind == "ec" else ["-newkey", f"rsa:{size}"]
    path = folder / "request.pem"
    openssl("req", "-new", *how, "-nodes", "-keyout", folder / "own.pem", "-subj", subject, *options, "-out", path)
    return path


def test_of_a_request_only_the_key_is_taken(ca: Ca, tmp_path: Path) -> None:
    csr = request(
        tmp_path, "-addext", "subjectAltName=DNS:bank.test,email:a@b.test", "-addext", "basicConstraints=critical,CA:TRUE"
    )
    made = ca.json("issue", "device", "--csr", str(csr))
    path = ca.identity("device", "certificate.pem")
    text = openssl("x509", "-in", path, "-noout", "-text", "-nameopt", "oneline")
    assert "CA:FALSE" in text
    assert "Subject: CN = device" in text
    assert "bank.test" not in text
    assert openssl("x509", "-in", path, "-noout", "-pubkey") == openssl("pkey", "-in", tmp_path / "own.pem", "-pubout")
    assert [wish.partition(": ")[0] for wish in made["refused"]] == [
        "name dns:bank.test", "name email:a@b.test", "subject CN=root,O=Evil", "extension basicConstraints (2.5.29.19)",
    ]  # fmt: skip
    assert set(made["files"]) == {"certificate.pem", "chain.pem"}
    assert_consistent(ca)


def test_names_of_a_request_are_granted_on_demand_where_the_profile_has_such(ca: Ca, tmp_path: Path) -> None:
    csr = request(tmp_path, "-addext", "subjectAltName=DNS:api.test,email:a@b.test,URI:https://x.test/")
    made = ca.json("issue", "api.test", "--profile", "server", "--csr", str(csr), "--take-names")
    names = openssl("x509", "-in", ca.identity("api.test", "certificate.pem"), "-noout", "-ext", "subjectAltName")
    assert "DNS:api.test" in names
    assert "email" not in names
    assert "name email:a@b.test: profile server has no names of this kind" in made["refused"]
    assert "URI:https://x.test/" in names


@pytest.mark.parametrize("key", ["rsa:1024", "ec:secp256k1"])
def test_keys_that_are_not_certified(ca: Ca, tmp_path: Path, key: str) -> None:
    csr = request(tmp_path, key=key)
    done = ca.start("issue", "device", "--csr", str(csr))
    _, err = done.communicate(timeout=120)
    assert done.returncode in {3, 4}, err
    assert "key" in err
    assert not ca.identity("device").exists()


def test_requests_that_are_none(ca: Ca, tmp_path: Path) -> None:
    path = request(tmp_path)
    der = tmp_path / "request.der"
    openssl("req", "-in", path, "-outform", "DER", "-out", der)
    broken = bytearray(der.read_bytes())
    broken[-5] ^= 1
    for content in (
        b"",
        b"hello",
        bytes(broken),
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    ):
        der.write_bytes(content)
        ca.run("issue", "device", "--csr", str(der), expect=3)


def test_renew_and_rekey_of_a_key_made_elsewhere(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "device", "--csr", str(request(tmp_path)))
    ca.run("renew", "device")
    assert "--csr" in ca.run("rekey", "device", expect=4).stderr
    ca.run("rekey", "device", "--csr", str(request(tmp_path)))
    public = openssl("x509", "-in", ca.identity("device", "certificate.pem"), "-noout", "-pubkey")
    assert public == openssl("pkey", "-in", tmp_path / "own.pem", "-pubout")
    assert_consistent(ca)
