"""Completion in a real shell, and manual pages that man reads without complaint."""

import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.cli import main
from tests.ca_rig import Ca


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


NAMES = [
    (("revoke", "al"), "alice"),
    (("revoke", "alice", "al"), "alice"),
    (("show", "nob"), ""),
    (("ca", "retire", ""), "root issuing"),
    (("issue", "x", "--profile", "c"), "client"),
    (("export", "alice", "--for", "windows"), "windows windows-old"),
]


def test_names_of_the_home_are_completed(ca: Ca, capsys: pytest.CaptureFixture[str]) -> None:
    ca.run("issue", "alice")
    ca.run("renew", "alice")  # a name is offered once, however many certificates it has

    def completed(words: tuple[str, ...], home: str) -> str:
        typed = {"COMP_WORDS": " ".join(["handclasp", *words]), "COMP_CWORD": str(len(words)), "HANDCLASP_HOME": home}
        with pytest.MonkeyPatch.context() as patch:
            for key, value in (typed | {"_HANDCLASP_COMPLETE": "bash_complete"}).items():
                patch.setenv(key, value)
            assert main([]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return " ".join(line.removeprefix("plain,") for line in said.out.split())

    for words, offered in NAMES:
        assert completed(words, str(ca.home)) == offered, words
    assert completed(("revoke", "al"), str(ca.home / "elsewhere")) == ""


def test_every_command_has_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man", str(tmp_path / "man1")]) == 0
    written = capsys.readouterr().out.split()
    names = {Path(path).name for path in written}
    assert {"handclasp.1", "handclasp-doctor.1", "handclasp-nginx-apply.1"} <= names
    page = (tmp_path / "man1/handclasp-doctor.1").read_text()
    assert page.startswith(".TH")
    assert ".SH OPTIONS" in page
    assert r"\-\-client\-cert" in page
