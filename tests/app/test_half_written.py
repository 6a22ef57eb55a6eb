"""What a writer that was killed left beside its file is taken away by the next run that comes there, keys first of all."""

import signal
from pathlib import Path

from tests.ca_rig import Ca, assert_consistent, copied

NAME = ".0123456789abcdef.handclasp-new"


def left_in(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).write_text("-----BEGIN PRIVATE KEY-----\nhalf of i")


def left(folder: Path) -> list[Path]:
    return list(folder.rglob("*.handclasp-new"))


def test_in_the_archive_of_an_identity(ca: Ca) -> None:
    ca.run("issue", "alice")
    ca.run("export", "alice", "--for", "ios")
    serial = ca.json("show", "alice")["certificates"][0]["serial"]
    ca.run("renew", "alice", env={"HANDCLASP_CRASHPOINT": "issue.recorded"}, expect=-signal.SIGKILL)
    folder = ca.identity("alice")
    left_in(folder, folder / "for-ios", folder / "previous" / serial, folder / "previous" / serial / "for-ios")
    ca.run("issue", "bob")
    assert left(ca.home) == []
    assert (folder / "previous" / serial / "for-ios" / "alice.mobileconfig").exists()
    assert_consistent(ca)


def test_in_a_home_that_is_restored(ca: Ca, tmp_path: Path) -> None:
    ca.run("issue", "alice")
    ca.run("backup", str(tmp_path / "backup"))
    other = copied(ca, tmp_path / "other")
    elsewhere = {"HANDCLASP_HOME": str(tmp_path / "restored")}
    left_in(tmp_path / "restored")  # of a run that was killed while it wrote its first file
    other.run(
        "restore",
        str(tmp_path / "backup"),
        env=elsewhere | {"HANDCLASP_CRASHPOINT": "restore.unpacked"},
        expect=-signal.SIGKILL,
    )
    left_in(*(tmp_path / "restored" / name for name in ("", "keys", "ca", "identities/alice")))
    other.run("restore", str(tmp_path / "backup"), env=elsewhere)
    assert left(tmp_path / "restored") == []


def test_in_a_folder_that_is_published(ca: Ca, tmp_path: Path) -> None:
    public = tmp_path / "public"
    ca.run("publish", str(public))
    left_in(public, public / "crl", public / "ca")
    ca.run("publish", str(public))
    assert left(public) == []


def test_in_the_home(ca: Ca) -> None:
    left_in(*(ca.home / name for name in ("", "ca", "keys", "requests")))
    ca.run("issue", "alice")
    assert left(ca.home) == []
