"""Full disks and read-only folders: one clear message, exit code 5, nothing half-written, and it goes on when there is room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ca_rig import Ca, assert_consistent, copied
from tests.disk_rig import disk_of, fill


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disk_of(tmp_path / "disk", 600) as folder:
        yield folder


@pytest.mark.parametrize("keep", [0, 4096, 8192, 16384, 32768, 49152])
@pytest.mark.parametrize("command", [["issue", "alice"], ["crl", "--refresh"]], ids=["issue", "crl"])
def test_full_disk(template: Ca, disk: Path, keep: int, command: list[str]) -> None:
    ca = copied(template, disk / "ca")
    ca.run("issue", "before")
    published = (ca.home / "ca" / "crl.pem").read_bytes()
    ballast = fill(disk, keep)
    process = ca.start(*command)
    _, err = process.communicate(timeout=60)
    assert process.returncode in ({5} if keep < 16384 else {0, 5}), err
    if process.returncode == 5:
        assert err.count("error: ") == 1
        assert "space" in err
        assert (ca.home / "ca" / "crl.pem").read_bytes() == published or command[0] == "crl"
    assert (ca.home / "ca" / "crl.pem").read_text().count("END X509 CRL") == 2
    ballast.unlink()
    ca.run("crl", "--refresh")
    again = ca.start("issue", "alice")
    again.communicate(timeout=60)
    assert again.returncode in {0, 4}
    assert_consistent(ca)


def test_full_disk_at_init(tmp_path: Path) -> None:
    from tests.ca_rig import fresh

    with disk_of(tmp_path / "disk", 300) as folder:
        ca = fresh(folder / "ca")
        ballast = fill(folder, 40960)
        done = ca.run("init", expect=5)
        assert "space" in done.stderr
        ballast.unlink()
        ca.run("init")
        assert_consistent(ca)


def test_read_only_file_system(template: Ca, disk: Path) -> None:
    ca = copied(template, disk / "ca")
    ca.run("issue", "bob")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in (["issue", "alice"], ["crl", "--refresh"], ["init"]):
        done = ca.run(*command, expect=5)
        assert done.stderr.count("error: ") == 1
        assert "read-only" in done.stderr.lower() or "readonly" in done.stderr.lower()
    for reading in (["list"], ["show", "bob"], ["list", "--expiring", "30d"], ["status"], ["audit"], ["crl"], ["ca", "list"]):
        ca.run(*reading)
    assert [one["name"] for one in ca.json("list")["certificates"]] == ["bob"]
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    ca.run("issue", "alice")
    assert_consistent(ca)


@pytest.mark.parametrize("folder", ["identities", "ca"])
def test_a_file_where_a_folder_belongs(ca: Ca, folder: str) -> None:
    if folder == "ca":
        (ca.home / "ca").rename(ca.home.parent / "aside")
    (ca.home / folder).write_text("in the way")
    done = ca.run("issue", "alice") if folder == "ca" else ca.run("issue", "alice", expect=5)
    if folder == "identities":
        assert "is a file where a folder is needed" in done.stderr
    else:
        assert "is a file where a folder is needed" in ca.run("crl", "--refresh", expect=5).stderr
