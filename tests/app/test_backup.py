"""Backup and restore: everything comes back, nothing is forgotten that a CRL remembers, and damage is found before writing."""

import io
import tarfile
from pathlib import Path

import pytest

from handclasp.app.revoke_record import record_revocation, revocable, session_epoch
from tests.ca_rig import Ca, assert_consistent, verify


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
    again.run("restore", str(file))
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
    ca.run("backup", str(tmp_path / "ca.tar"), "--without-identity-keys")
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


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "handclasp/../evil", "handclasp/evil", "handclasp/keys/../../evil"]
)
def test_a_member_from_elsewhere_is_refused(ca: Ca, tmp_path: Path, name: str) -> None:
    good = tmp_path / "ca.tar"
    ca.run("backup", str(good))
    with tarfile.open(good, "a") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    again = other_home(ca, tmp_path)
    again.run("restore", str(good), expect=3)
    assert not again.home.exists()
    assert not list(tmp_path.rglob("evil"))
