"""Backup and restore: everything comes back, nothing is forgotten that a CRL remembers, and damage is found before writing."""

import io
import tarfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.home import PASSPHRASE_FILE
from handclasp.app.revoke_record import record_revocation, revocable, session_epoch
from handclasp.pki.read import pem_blocks
from tests.ca_rig import Ca, assert_consistent, openssl, verify


def other_home(ca: Ca, folder: Path) -> Ca:
    return Ca(home=folder / "restored", passphrase=ca.passphrase)


def revoke(ca: Ca, name: str) -> None:
    home = ca.world.ca
    record_revocation(home, revocable(home, name))
    ca.run("crl", "--refresh")


def test_there_and_back(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "Ms Müller")
    ca.run("issue", "bob")
    revoke(ca, "bob")
    ca.run("export", "Ms Müller", "--for", "ios", "--lang", "zh")
    file = tmp_path / "ca.tar"
    ca.run("backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    again = other_home(ca, tmp_path)
    again.run("restore", str(file), "--crl", str(ca.home / "ca/crl.pem"))
    again.run("crl", "--refresh")
    before = {path.relative_to(ca.home): path for path in ca.home.rglob("*") if path.is_file()}
    for name, path in before.items():
        if name.parts[0] in {"keys", "identities"} or name.name == "bundle.pem":
            assert (again.home / name).read_bytes() == path.read_bytes()
            assert (again.home / name).stat().st_mode == path.stat().st_mode
    (again.identity("bob", "certificate.pem")).unlink()  # it is revoked: the judge would rightly refuse it
    for path in again.identity("bob").glob("*"):
        path.unlink()
    assert_consistent(again)
    again.run("issue", "carl")


def test_what_happened_after_the_backup_is_not_undone(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    ca.run("backup", str(tmp_path / "ca.tar"))
    ca.run("issue", "late")
    revoke(ca, "alice")
    revoke(ca, "late")
    ca.run("issue", "alice")
    again = other_home(ca, tmp_path)
    done = again.json("restore", str(tmp_path / "ca.tar"), "--crl", str(ca.home / "ca" / "crl.pem"))
    assert len(done["revoked"]) == 2
    assert len(done["unknown"]) == 1
    assert session_epoch(again.world.ca) > session_epoch(ca.world.ca)
    old = {one["authority"]: one["number"] for one in ca.json("crl")["crls"]}
    listed = again.json("crl", "--refresh")["crls"]
    assert all(one["number"] > old[one["authority"]] for one in listed)
    assert sorted(listed[1]["revoked"]) == sorted(done["revoked"])
    (again.home / "ca" / "crl.pem").replace(ca.home / "ca" / "crl.pem")
    assert "revoked" in verify(ca, ca.identity("late", "certificate.pem"), expect=2)
    again.run("audit")


def test_without_the_keys_of_identities(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    ca.run("backup", str(tmp_path / "ca.tar"), "--without-identity-keys", "--unencrypted")
    with tarfile.open(tmp_path / "ca.tar") as archive:
        names = archive.getnames()
    assert "handclasp/identities/alice/certificate.pem" in names
    assert not [name for name in names if name.endswith(("key.pem", ".p12", "password.txt"))]


def test_nothing_is_overwritten(ca: Ca, tmp_path: Path) -> None:
    file = tmp_path / "ca.tar"
    ca.run("backup", str(file))
    ca.run("backup", str(file), expect=4)
    ca.run("restore", str(file), expect=4)
    assert_consistent(ca)


def test_damage_is_found_before_anything_is_written(ca: Ca, tmp_path: Path) -> None:
    good = tmp_path / "ca.tar"
    ca.run("backup", str(good))
    content = good.read_bytes()
    bad = tmp_path / "bad.tar"
    again = other_home(ca, tmp_path)
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 1
    for broken in (b"", b"hello", content[: len(content) // 2], bytes(flipped)):
        bad.write_bytes(broken)
        again.run("restore", str(bad), expect=3)
        assert not again.home.exists()


def test_a_plain_backup_has_digests(ca: Ca, tmp_path: Path) -> None:
    file = tmp_path / "ca.tar"
    ca.run("backup", str(file), "--unencrypted")
    content = bytearray(file.read_bytes())
    content[content.index(b"ENCRYPTED PRIVATE KEY") + 60] ^= 1
    file.write_bytes(content)
    again = other_home(ca, tmp_path)
    assert "damaged" in again.run("restore", str(file), expect=3).stderr
    assert not again.home.exists()


def test_nothing_of_it_can_be_read_without_the_passphrase(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    file = tmp_path / "ca.sealed"
    assert ca.json("backup", str(file))["encrypted"] is True
    assert not [word for word in (b"alice", b"PRIVATE KEY", b"SQLite", b"registry") if word in file.read_bytes()]
    again = Ca(home=tmp_path / "restored", passphrase=tmp_path / "other")
    again.passphrase.write_text("another passphrase\n")
    again.passphrase.chmod(0o600)
    assert "passphrase is another" in again.run("restore", str(file), expect=3).stderr
    assert not again.home.exists()


def test_a_wrong_passphrase_makes_no_backup(ca: Ca, tmp_path: Path) -> None:
    ca.passphrase.write_text("not the right one\n")
    ca.run("backup", str(tmp_path / "ca.sealed"), expect=5)
    assert not (tmp_path / "ca.sealed").exists()


def test_a_restored_ca_signs_nothing_until_it_knows_what_was_revoked(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    ca.run("backup", str(tmp_path / "ca.sealed"))
    before = (ca.home / "ca/crl.pem").read_bytes()
    revoke(ca, "alice")
    ca.run("issue", "late")
    again = other_home(ca, tmp_path)
    assert again.json("restore", str(tmp_path / "ca.sealed"))["open"] == ["root", "issuing"]
    for command in (
        ("issue", "bob"),
        ("renew", "alice"),
        ("crl", "--refresh"),
        ("backup", str(tmp_path / "2")),
        ("ca", "add", "x"),
    ):
        assert "signs nothing yet" in again.run(*command, expect=4).stderr, command
    assert [one["name"] for one in again.json("list")["certificates"]] == ["alice"]
    assert any("signs nothing" in one["what"] for one in again.json("status", expect=1)["items"])
    (tmp_path / "old-crl.pem").write_bytes(before)
    newest = (ca.home / "ca/crl.pem").read_bytes()
    root_only = tmp_path / "root-crl.pem"
    root_only.write_bytes(newest[: newest.index(b"-----END X509 CRL-----") + 23])
    assert again.json("restore", "--crl", str(root_only))["open"] == ["issuing"]
    again.run("issue", "bob", expect=4)
    issued = str(ca.home / "identities" / "late")
    done = again.json("restore", "--crl", str(ca.home / "ca/crl.pem"), "--certificates", issued)
    assert (len(done["revoked"]), len(done["found"]), done["open"]) == (1, 1, [])
    assert {one["name"]: one["status"] for one in again.json("list")["certificates"]} == {"alice": "revoked", "late": "good"}
    again.run("issue", "bob")
    again.run("renew", "late")
    again.run("audit")
    assert "owes nothing" in again.run("restore", "--nothing-since", expect=4).stderr


def test_a_crl_from_before_the_backup_settles_nothing(ca: Ca, tmp_path: Path) -> None:
    old = tmp_path / "old.pem"
    old.write_bytes((ca.home / "ca/crl.pem").read_bytes())
    ca.run("crl", "--refresh")
    ca.run("backup", str(tmp_path / "ca.sealed"))
    again = other_home(ca, tmp_path)
    again.run("restore", str(tmp_path / "ca.sealed"))
    assert "it is older" in again.run("restore", "--crl", str(old), expect=3).stderr
    again.run("issue", "bob", expect=4)
    again.run("restore", "--nothing-since")
    again.run("issue", "bob")


def test_a_restore_that_died_signs_nothing(ca: Ca, tmp_path: Path) -> None:
    ca.run("backup", str(tmp_path / "ca.sealed"))
    again = other_home(ca, tmp_path)
    again.run("restore", str(tmp_path / "ca.sealed"), env={"HANDCLASP_CRASHPOINT": "restore.unpacked"}, expect=-9)
    assert "not finished" in again.run("issue", "bob", expect=4).stderr
    again.run("restore", str(tmp_path / "ca.sealed"), "--nothing-since")
    again.run("issue", "bob")


def test_while_others_issue_and_revoke(ca: Ca, tmp_path: Path) -> None:
    """A backup is the home as it was between two changes: whatever it holds belongs together."""
    busy = [ca.start("issue", f"busy-{number}") for number in range(4)]
    ca.run("backup", str(tmp_path / "ca.sealed"))
    for process in busy:
        assert process.communicate(timeout=120)[1] is not None
        assert process.returncode == 0
    again = other_home(ca, tmp_path)
    again.run("restore", str(tmp_path / "ca.sealed"), "--crl", str(ca.home / "ca/crl.pem"))
    again.run("crl", "--refresh")
    assert_consistent(again)
    held = {one["name"] for one in again.json("list")["certificates"]}
    rest = [str(ca.identity(f"busy-{number}", "certificate.pem")) for number in range(4) if f"busy-{number}" not in held]
    assert len(held) + len(rest) == 4


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "handclasp/../evil", "handclasp/evil", "handclasp/keys/../../evil"]
)
def test_a_member_from_elsewhere_is_refused(ca: Ca, tmp_path: Path, name: str) -> None:
    good = tmp_path / "ca.tar"
    ca.run("backup", str(good), "--unencrypted")
    with tarfile.open(good, "a") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    again = other_home(ca, tmp_path)
    again.run("restore", str(good), expect=3)
    assert not again.home.exists()
    assert not list(tmp_path.rglob("evil"))


def test_an_older_registry_that_was_put_back_forgets_no_revocation(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    old = tmp_path / "old.sqlite"
    old.write_bytes(ca.world.store.snapshot())
    revoke(ca, "alice")
    ca.run("issue", "late")
    lists = (ca.home / "ca/crl.pem").read_bytes()
    for path in ca.home.glob("registry.sqlite*"):
        path.unlink()
    old.rename(ca.home / "registry.sqlite")
    for words in (("crl", "--refresh"), ("issue", "bob"), ("renew", "alice"), ("serve", "--listen", "127.0.0.1:0")):
        told = ca.run(*words, expect=4).stderr
        assert "is published, and the registry never knew it" in told
    assert (ca.home / "ca/crl.pem").read_bytes() == lists
    (way,) = {one["action"] for one in ca.json("status", expect=1)["items"] if one["kind"] == "restore"}
    assert not [one for one in ca.json("status", expect=1)["items"] if "--refresh" in one["action"]]
    done = ca.json(*way.split()[1:])
    assert (len(done["revoked"]), len(done["found"]), done["open"]) == (1, 1, [])
    listed = ca.json("crl", "--refresh")["crls"]
    assert listed[1]["revoked"] == done["revoked"]
    assert {one["name"]: one["status"] for one in ca.json("list")["certificates"]} == {"alice": "revoked", "late": "good"}
    ca.run("audit")


def test_that_nothing_was_revoked_since_may_be_said_of_an_older_registry_too(ca: Ca, tmp_path: Path) -> None:
    old = ca.world.store.snapshot()
    ca.run("crl", "--refresh")
    for path in ca.home.glob("registry.sqlite*"):
        path.unlink()
    (ca.home / "registry.sqlite").write_bytes(old)
    ca.run("issue", "bob", expect=4)
    ca.run("restore", "--nothing-since")
    ca.run("issue", "bob")
    ca.run("crl", "--refresh")
    assert_consistent(ca)


def test_the_machine_that_restores_remembers_its_own_passphrase_file(ca: Ca, tmp_path: Path) -> None:
    ca.run("backup", str(tmp_path / "ca.sealed"))
    own = tmp_path / "own-passphrase"
    own.write_bytes(ca.passphrase.read_bytes())
    own.chmod(0o600)
    again = Ca(home=tmp_path / "restored", passphrase=own)
    again.run("restore", str(tmp_path / "ca.sealed"), "--nothing-since", "--passphrase-file", str(own))
    assert again.world.store.value(PASSPHRASE_FILE) == str(own)


def test_certificates_that_were_issued_since_may_be_brought_later(ca: Ca, tmp_path: Path) -> None:
    ca.run("backup", str(tmp_path / "ca.sealed"))
    ca.run("issue", "late")
    again = other_home(ca, tmp_path)
    told = again.run("restore", str(tmp_path / "ca.sealed"), "--crl", str(ca.home / "ca/crl.pem")).stderr
    assert "restore --certificates FOLDER" in told
    again.run("restore", "--certificates", str(ca.home / "identities"))
    again.run("revoke", "late")
    assert "owes nothing" in again.run("restore", "--nothing-since", expect=4).stderr


def test_what_was_revoked_since_is_read_in_every_form(ca: Ca, tmp_path: Path) -> None:
    """As a web server gives CRLs out, and Windows a certificate: DER. A file that is neither is not passed over."""
    ca.run("backup", str(tmp_path / "ca.sealed"))
    serial = ca.json("issue", "late")["serial"]
    ca.run("revoke", "late")
    lists = [tmp_path / "root.crl", tmp_path / "issuing.crl"]
    published = pem_blocks((ca.home / "ca/crl.pem").read_bytes(), "X509 CRL")
    for path, pem in zip(lists, published, strict=True):
        path.write_bytes(x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER))
    openssl("x509", "-in", ca.identity("late", "certificate.pem"), "-outform", "DER", "-out", tmp_path / "late.cer")
    again = other_home(ca, tmp_path)
    again.run("restore", str(tmp_path / "ca.sealed"))
    assert "holds no CRL" in again.run("restore", "--crl", str(tmp_path / "late.cer"), expect=3).stderr
    assert "certificate" in again.run("restore", "--certificates", str(lists[0]), expect=3).stderr
    done = again.json("restore", "--crl", str(lists[0]), "--crl", str(lists[1]), "--certificates", str(tmp_path / "late.cer"))
    assert (done["revoked"], done["found"], done["open"]) == ([serial], [serial], [])
    assert {one["name"]: one["status"] for one in again.json("list")["certificates"]} == {"late": "revoked"}
