"""Completion in a real shell, and manual pages that man reads without complaint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.cli import main
from handclasp.cli.shells import typed
from tests.ca_rig import Ca


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "handclasp" in capsys.readouterr().out


# What is typed, what bash takes for the current word ($2: it breaks at = and @), and what it is told to put there.
TYPED = [
    ("handclasp doc", "doc", "doctor"),
    ("handclasp doctor --no-pr", "--no-pr", "--no-prove"),
    ("handclasp show Ann", "Ann", "Anna\\ Li"),
    ("handclasp show Anna\\ L", "Anna\\ L", "Anna\\ Li"),
    ("handclasp show 'Anna L", "Anna L", "Anna Li"),
    ("handclasp show 张", "张", "张三"),
    ("handclasp show li@ex", "@ex", "@example.test"),
    ("handclasp issue x --profile=cl", "cl", "client"),
]


def test_bash_completes_commands_options_and_names(ca: Ca, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Anna Li", "张三", "li@example.test"):
        ca.run("issue", name)
    assert main(["completion", "bash"]) == 0
    (tmp_path / "completion").write_text(capsys.readouterr().out)
    (tmp_path / "handclasp").write_text(f'#!/bin/sh\nexec {sys.executable} -m handclasp "$@"\n')
    (tmp_path / "handclasp").chmod(0o755)
    script = f"""
        PATH="{tmp_path}:$PATH"; source {tmp_path}/completion
        while [ $# -gt 0 ]; do
            COMP_LINE=$1; COMP_POINT=${{#COMP_LINE}}; _handclasp_completion handclasp "$2" ""; echo "${{COMPREPLY[@]}}"; shift 2
        done
    """
    words = [word for line, current, _ in TYPED for word in (line, current)]
    environment = {**os.environ, "HANDCLASP_HOME": str(ca.home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words], capture_output=True, text=True, timeout=120, check=True, env=environment
    )
    assert done.stdout.splitlines() == [wanted for _, _, wanted in TYPED], done.stderr


@pytest.mark.parametrize(
    ("line", "finished", "last", "quote"),
    [
        ("handclasp ", ["handclasp"], "", ""),
        ("handclasp show", ["handclasp"], "show", ""),
        ("handclasp  show 'a b' \"c", ["handclasp", "show", "a b"], "c", '"'),
        ("handclasp show a\\ b", ["handclasp", "show"], "a b", ""),
        ("handclasp show x'a b", ["handclasp", "show"], "xa b", "'"),
        ("handclasp show a\\", ["handclasp", "show"], "a", ""),
        ("", [], "", ""),
    ],
)
def test_a_line_is_taken_apart_as_a_shell_does(line: str, finished: list[str], last: str, quote: str) -> None:
    found = typed(line)
    assert (found.finished, found.last, found.quote) == (finished, last, quote)


COMPLETED = [
    ("handclasp revoke al", ["plain\talice"]),
    ("handclasp revoke alice al", ["plain\talice"]),
    ("handclasp --lang zh show 'al", ["plain\talice"]),
    ("handclasp show ./nob", ["file"]),  # a certificate says whose it is
    ("handclasp rekey nob", []),
    ("handclasp doctor --client-cert ", ["file"]),
    ("handclasp ca retire ", ["plain\troot", "plain\tissuing"]),
    ("handclasp list --from-ca=i", ["plain\tissuing"]),
    ("handclasp nginx apply --allow a", ["plain\talice"]),
    ("handclasp issue x --profile c", ["plain\tclient"]),
    ("handclasp export alice --for windows", ["plain\twindows", "plain\twindows-old"]),
    ("handclasp ca us", ["plain\tusers\tSay who still has a certificate below a CA."]),
]


def test_names_of_the_home_are_completed(ca: Ca, capsys: pytest.CaptureFixture[str]) -> None:
    ca.run("issue", "alice")
    ca.run("renew", "alice")  # a name is offered once, however many certificates it has

    def completed(line: str, home: str) -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            for key, value in (
                ("COMP_LINE", line),
                ("HANDCLASP_HOME", home),
                ("LC_ALL", "C.UTF-8"),
                ("_HANDCLASP_COMPLETE", "zsh_complete"),
            ):
                patch.setenv(key, value)
            assert main([]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return [line for line in said.out.splitlines() if line]

    for line, offered in COMPLETED:
        assert completed(line, str(ca.home)) == offered, line
    assert completed("handclasp rekey al", str(ca.home / "elsewhere")) == []


def test_every_command_has_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man", str(tmp_path / "man1")]) == 0
    written = capsys.readouterr().out.split()
    names = {Path(path).name for path in written}
    assert {"handclasp.1", "handclasp-doctor.1", "handclasp-nginx-apply.1"} <= names
    page = (tmp_path / "man1/handclasp-doctor.1").read_text()
    assert page.startswith(".TH")
    assert ".SH OPTIONS" in page
    assert r"\-\-client\-cert" in page
