"""init: what it makes, that it can be run again, and where the passphrase comes from."""

import os
from pathlib import Path

import pytest

from tests.ca_rig import PASSPHRASE, Ca, assert_consistent, openssl


def test_the_cas_have_the_right_extensions_and_verify(ca: Ca) -> None:
    text = openssl("x509", "-in", ca.home / "ca" / "root.pem", "-noout", "-text")
    assert "CA:TRUE\n" in text
    text = openssl("x509", "-in", ca.home / "ca" / "issuing.pem", "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text
    assert "Extended Key Usage" not in text
    assert "prime256v1" in text
    openssl("verify", "-x509_strict", "-CAfile", ca.home / "ca" / "root.pem", ca.home / "ca" / "issuing.pem")
    assert_consistent(ca)


def test_the_bundle_holds_both_cas_and_the_crl_file_one_of_each(ca: Ca) -> None:
    assert (ca.home / "ca" / "bundle.pem").read_bytes() == b"".join(
        (ca.home / "ca" / f"{label}.pem").read_bytes() for label in ("root", "issuing")
    )
    crls = (ca.home / "ca" / "crl.pem").read_text()
    assert crls.count("BEGIN X509 CRL") == 2
    for name in ("Handclasp Root CA", "Handclasp Issuing CA"):
        part = crls if "Root" in name else crls[crls.index("-----END X509 CRL-----") + 23 :]
        path = ca.home.parent / "one.pem"
        path.write_text(part)
        assert f"issuer=CN = {name}" in openssl("crl", "-in", path, "-noout", "-issuer", "-nameopt", "oneline")


@pytest.mark.parametrize("label", ["root", "issuing"])
def test_ca_keys_are_encrypted_and_only_the_passphrase_opens_them(ca: Ca, label: str) -> None:
    path = ca.home / "keys" / f"{label}.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "BEGIN ENCRYPTED PRIVATE KEY" in path.read_text()
    assert openssl("pkey", "-in", path, "-passin", f"pass:{PASSPHRASE}", "-pubout") == openssl(
        "x509", "-in", ca.home / "ca" / f"{label}.pem", "-noout", "-pubkey"
    )
    openssl("pkey", "-in", path, "-passin", "pass:wrong", "-noout", expect=1)
    assert "scrypt" in openssl("asn1parse", "-in", path)


def test_running_it_again_changes_nothing(ca: Ca) -> None:
    before = {path: path.read_bytes() for path in ca.home.rglob("*.pem")}
    again = ca.json("init")
    assert again["changed"] is False
    assert {path: path.read_bytes() for path in ca.home.rglob("*.pem")} == before


@pytest.mark.parametrize("kind", ["rsa-3072", "ec-p384", "ed25519"])
def test_other_key_types(empty: Ca, kind: str) -> None:
    empty.run("init", "--key-type", kind, "--name", "Ubung", "--organization", "Übung GmbH", "--days", "400")
    empty.run("issue", "alice")
    assert_consistent(empty)


def test_weak_rsa_for_a_ca_is_refused_and_leaves_no_ca(empty: Ca) -> None:
    done = empty.run("init", "--key-type", "rsa-2048", expect=2)
    assert "'ec-p256', 'ec-p384', 'rsa-3072', 'rsa-4096', 'ed25519'" in done.stderr
    assert "rsa-2048" not in empty.run("init", "--help").stdout
    assert not (empty.home / "ca").exists()


def test_without_a_terminal_and_a_passphrase_one_is_made_and_said_so(empty: Ca) -> None:
    nothing = {"HANDCLASP_PASSPHRASE_FILE": ""}
    done = empty.run("init", env=nothing)
    path = empty.home / "passphrase"
    assert str(path) in done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    assert empty.home.stat().st_mode & 0o777 == 0o700
    openssl("pkey", "-in", empty.home / "keys" / "root.pem", "-passin", f"file:{path}", "-noout")
    empty.run("issue", "alice", env=nothing)
    again = empty.run("init", env=nothing)
    assert str(path) not in again.stderr


def test_a_new_passphrase_file_is_made_remembered_and_used(empty: Ca, tmp_path: Path) -> None:
    path = tmp_path / "made here"
    nothing = {"HANDCLASP_PASSPHRASE_FILE": ""}
    empty.run("init", "--new-passphrase-file", str(path), env=nothing)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().strip()) >= 26
    empty.run("issue", "alice", env=nothing)
    openssl("pkey", "-in", empty.home / "keys" / "root.pem", "-passin", f"file:{path}", "-noout")


def test_a_passphrase_by_descriptor(empty: Ca) -> None:
    descriptor = os.open(empty.passphrase, os.O_RDONLY)
    try:
        empty.run("init", "--passphrase-fd", str(descriptor), env={"HANDCLASP_PASSPHRASE_FILE": ""}, pass_fds=[descriptor])
    finally:
        os.close(descriptor)
    assert_consistent(empty)


def test_a_passphrase_file_that_others_may_read_is_refused(empty: Ca) -> None:
    empty.passphrase.chmod(0o644)
    done = empty.run("init", expect=4)
    assert f"chmod 600 {empty.passphrase}" in done.stderr


def test_a_short_passphrase_is_refused(empty: Ca) -> None:
    empty.passphrase.write_text("short\n")
    assert "fewer than 8" in empty.run("init", expect=4).stderr


def test_a_wrong_passphrase_is_a_clear_error(ca: Ca) -> None:
    ca.passphrase.write_text("something else\n")
    done = ca.run("issue", "alice", expect=5)
    assert "the passphrase is wrong, or the file is damaged" in done.stderr
    assert not (ca.home / "identities").exists()


def test_the_passphrase_is_nowhere_in_the_home_or_the_output(empty: Ca) -> None:
    done = empty.run("init", "-vv")
    done2 = empty.run("issue", "alice", "-vv")
    for path in empty.home.rglob("*"):
        if path.is_file():
            assert PASSPHRASE.encode() not in path.read_bytes(), path
    assert PASSPHRASE not in done.stdout + done.stderr + done2.stdout + done2.stderr


def test_a_home_whose_registry_is_gone_is_not_overwritten(ca: Ca) -> None:
    for path in ca.home.glob("registry.sqlite*"):
        path.unlink()
    done = ca.run("init", expect=5)
    assert "handclasp restore BACKUP" in done.stderr
    assert not (ca.home / "registry.sqlite").exists()


@pytest.mark.parametrize("command", [["issue", "alice"], ["list"], ["show", "alice"], ["crl"], ["audit"]])
def test_commands_without_a_home_point_to_init(empty: Ca, command: list[str]) -> None:
    done = empty.run(*command, expect=2)
    assert "there is no certificate authority" in done.stderr
    assert "handclasp init" in done.stderr
    assert not empty.home.exists()


def test_a_damaged_registry_is_an_error_not_emptiness(ca: Ca) -> None:
    path = ca.home / "registry.sqlite"
    path.write_bytes(b"x" * 4096)
    for command in (["list"], ["issue", "alice"], ["crl", "--refresh"]):
        assert "restore it from a backup" in ca.run(*command, expect=5).stderr
