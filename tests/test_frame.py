"""The command line's frame: help, exit codes, errors as text and as JSON."""

import json
import subprocess
import sys

import pytest

from handclasp.cli import main


def test_module_and_command_are_the_same() -> None:
    ran = subprocess.run([sys.executable, "-m", "handclasp", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("handclasp, version ")


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-command"]) == 2
    assert "there is no command 'no-such-command'" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "meant"), [(["isue"], "handclasp issue"), (["ca", "retir", "x"], "handclasp ca retire")])
def test_a_mistyped_command_is_answered_with_the_near_ones(
    capsys: pytest.CaptureFixture[str], words: list[str], meant: str
) -> None:
    assert main(words) == 2
    assert f"hint: {meant}\n" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "heading"), [([], "Certificate authority:"), (["ca"], "Commands:")])
def test_no_command_is_answered_with_the_help(capsys: pytest.CaptureFixture[str], words: list[str], heading: str) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("Usage: ")
    assert f"\n{heading}\n" in told
    assert "error:" not in told


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from handclasp.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heavy in ("cryptography", "sqlalchemy", "alembic", "OpenSSL", "rich", "msgspec"):
        assert f"'{heavy}'" not in ran.stderr


def test_errors_are_json_when_json_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    from handclasp.cli.frame import report
    from handclasp.model.errors import InputError
    from handclasp.model.origin import Origin

    code = report(InputError("unexpected end", where=Origin("a.conf", 3, 7), hint="close the block"), ["--json"])
    captured = capsys.readouterr()
    assert code == 3
    assert json.loads(captured.out)["where"] == "a.conf:3:7"
    assert "error: a.conf:3:7: unexpected end" in captured.err
    assert "hint: close the block" in captured.err
