"""Completion in a real shell, and manual pages that man reads without complaint."""

import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.cli import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "handclasp" in capsys.readouterr().out


def test_bash_completes_commands_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    (tmp_path / "completion").write_text(capsys.readouterr().out)
    (tmp_path / "handclasp").write_text(f'#!/bin/sh\nexec {sys.executable} -m handclasp "$@"\n')
    (tmp_path / "handclasp").chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"; source {tmp_path}/completion; '
        'COMP_WORDS=(handclasp doc); COMP_CWORD=1; _handclasp_completion handclasp; echo "${COMPREPLY[@]}"; '
        "COMPREPLY=(); COMP_WORDS=(handclasp doctor --no-pr); COMP_CWORD=2; "
        '_handclasp_completion handclasp; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["doctor", "--no-prove"], done.stderr


def test_every_command_has_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man", str(tmp_path / "man1")]) == 0
    written = capsys.readouterr().out.split()
    names = {Path(path).name for path in written}
    assert {"handclasp.1", "handclasp-doctor.1", "handclasp-nginx-apply.1"} <= names
    page = (tmp_path / "man1/handclasp-doctor.1").read_text()
    assert page.startswith(".TH")
    assert ".SH OPTIONS" in page
    assert r"\-\-client\-cert" in page
