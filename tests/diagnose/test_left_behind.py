"""A doctor that is killed leaves a folder and an nginx; the next one takes both away, and nothing of anybody else's."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from handclasp.adapters import processes
from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.crashpoint import VARIABLE
from tests.diagnose.rules import samples_holes
from tests.diagnose.rules.workshop import Workshop

FILES = PosixFileTree()
HOLDER = """
import sys, time
from handclasp.adapters.file_tree import PosixFileTree
with PosixFileTree().scratch() as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_a_killed_doctors_copy_is_stopped_and_taken_away_by_the_next(tmp_path: Path, temporary: Path) -> None:
    sample = next(item for item in samples_holes.SAMPLES if (item.cause, item.severity) == ("authz-dn-format", "error"))
    site = tmp_path / "site"
    site.mkdir()
    sample.make(Workshop(site, sample.side, sample.intermediates))
    argv = [sys.executable, "-m", "handclasp", "doctor", "--config", str(site / "nginx.conf"), "--client-cert", "peer.pem"]
    dies = os.environ | {VARIABLE: "sandbox.serving"}
    assert subprocess.run(argv, capture_output=True, check=False, cwd=site, env=dies).returncode == -signal.SIGKILL
    (pid_file,) = temporary.glob("handclasp-*/**/nginx.pid")
    folder = next(one for one in pid_file.parents if one.parent == temporary)
    master = int(pid_file.read_text("ascii"))
    assert folder.exists()
    assert "nginx" in processes.title(master)
    assert subprocess.run(argv, capture_output=True, check=False, cwd=site).returncode == 1
    assert "nginx" not in processes.title(master)
    assert list(temporary.glob("handclasp-*")) == []


def test_only_what_nobody_holds_any_more_is_left_behind(temporary: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as holder, FILES.scratch() as mine:
        assert holder.stdout
        theirs = holder.stdout.readline().strip()
        assert list(FILES.left_behind()) == []
        holder.kill()
        holder.wait()
        (Path(theirs) / "key.pem").write_text("secret")
        assert list(FILES.left_behind()) == [theirs]
        assert not Path(theirs).exists()
        assert Path(mine).exists()
    assert list(temporary.iterdir()) == []


def test_what_somebody_else_made_stays(temporary: Path, tmp_path: Path) -> None:
    for name in ("handclasp-unheld", "handclasp-linked", "other-held", "handclasp-theirs"):
        (temporary / name).mkdir()
    (tmp_path / "held").write_text("")
    (temporary / "handclasp-linked" / ".held").symlink_to(tmp_path / "held")
    (temporary / "other-held" / ".held").write_text("")
    (temporary / "handclasp-theirs" / ".held").write_text("")
    (temporary / "handclasp-link").symlink_to(temporary / "other-held")
    (temporary / "handclasp-file").write_text("")
    if os.geteuid() == 0:
        os.chown(temporary / "handclasp-theirs", 65534, 65534)
    else:
        (temporary / "handclasp-theirs" / ".held").unlink()
    assert list(FILES.left_behind()) == []
    assert len(list(temporary.iterdir())) == 6
