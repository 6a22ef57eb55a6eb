"""Ctrl-C while the program is still loading: no traceback, whatever module was on its way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

VENV = Path(sys.executable).parent
# Python runs it before anything else; the program then waits in the middle of an import until it is let go.
HELD = """
import sys

def hold(event, given):
    if event == "import" and given[0] == {module!r}:
        open({gate!r}).read()

sys.addaudithook(hold)
"""


@pytest.mark.parametrize(
    "program", [(sys.executable, "-m", "handclasp"), (str(VENV / "handclasp"),)], ids=["module", "command"]
)
@pytest.mark.parametrize("module", ["handclasp.cli", "click.core", "handclasp.model.messages"])
def test_it_ends_without_a_word(tmp_path: Path, program: tuple[str, ...], module: str) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "sitecustomize.py").write_text(HELD.format(module=module, gate=str(gate)))
    loading = subprocess.Popen(
        [*program, "--version"], env=os.environ | {"PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with gate.open("w"):  # opens when the program waits at the other end
        loading.send_signal(signal.SIGINT)
        out, err = loading.communicate(timeout=120)
    assert (loading.returncode, out, err) == (130, b"", b"")


def test_one_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "sitecustomize.py").write_text(HELD.format(module="click.core", gate=str(gate)))
    loading = subprocess.Popen(
        ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable, "-m", "handclasp", "--version"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with gate.open("w"):
        loading.send_signal(signal.SIGINT)
    out, err = loading.communicate(timeout=120)
    assert (loading.returncode, err) == (0, b"")
    assert out.startswith(b"handclasp, version ")
