"""A dry run of whatever writes outside of the home says what would be written, and leaves every byte as it was."""

import hashlib
from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied


def bytes_of(folder: Path) -> dict[str, str]:
    """Every file below, but for what reading a database leaves beside it."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "lock"))
    }


@pytest.fixture
def peopled(template: Ca, tmp_path: Path) -> Ca:
    ca = copied(template, tmp_path / "ca")
    ca.run("issue", "alice")
    (tmp_path / "out").mkdir()
    ca.run("backup", "there.sealed", cwd=tmp_path)
    ca.run("init", "--offline-root", "--name", "Below", "--home", str(tmp_path / "below"))
    return ca


COMMANDS = {
    "export": (["export", "alice", "--for", "curl", "-o", "out"], "out/key.pem"),
    "export ios": (["export", "alice", "--for", "ios", "-o", "new"], "new/alice.mobileconfig"),
    "backup": (["backup", "out/ca.sealed"], "out/ca.sealed"),
    "restore": (["restore", "there.sealed", "--home", "restored", "--nothing-since"], "restored"),
    "ca export": (["ca", "export", "issuing", "out/ca"], "out/ca"),
    "ca request": (["ca", "request", "more", "--name", "More"], "requests/more.csr"),
    "ca sign": (["ca", "sign", "below/requests/issuing.csr", "-o", "out/reply.pem"], "out/reply.pem"),
    "systemd": (["systemd", "-o", "out"], "out/handclasp-renew.timer"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_written(peopled: Ca, tmp_path: Path, command: str) -> None:
    words, named = COMMANDS[command]
    before = bytes_of(tmp_path)
    done = peopled.run(*words, "--dry-run", cwd=tmp_path)
    assert named in done.stdout
    assert "password:" not in done.stdout
    assert bytes_of(tmp_path) == before
    peopled.run(*words, cwd=tmp_path)
    assert set(bytes_of(tmp_path)) > set(before)


def test_what_is_there_is_refused_by_a_dry_run_too(peopled: Ca, tmp_path: Path) -> None:
    (tmp_path / "reply.pem").write_text("mine")
    for words in (
        ["backup", "there.sealed"],
        ["restore", "there.sealed"],
        ["ca", "sign", "below/requests/issuing.csr", "-o", "reply.pem"],
    ):
        for more in ((), ("--dry-run",)):
            peopled.run(*words, *more, cwd=tmp_path, expect=4)
    assert (tmp_path / "reply.pem").read_text() == "mine"
    names = {one["name"] for one in peopled.json("list", "--all")["certificates"]}
    assert names == {"alice", "Handclasp Root CA", "Handclasp Issuing CA"}  # no CA was signed that nobody got
