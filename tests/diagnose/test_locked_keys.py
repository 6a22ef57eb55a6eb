"""Private keys that nginx cannot open at start: the doctor says so exactly where the real `nginx -t` does."""

import subprocess
from pathlib import Path

import pytest

from handclasp.diagnose.engine import diagnose
from tests.diagnose.rules import samples_start
from tests.diagnose.rules.workshop import Workshop

LOCKED = {sample.name: sample for sample in samples_start.SAMPLES if "key" in sample.name and sample.name != "wrong-key"}


@pytest.mark.parametrize("name", LOCKED)
def test_as_nginx_does(name: str, tmp_path: Path) -> None:
    evidence = LOCKED[name].make(Workshop(tmp_path)).evidence()
    # Without a terminal, as a service manager starts it: nobody can be asked for a pass phrase.
    done = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False, timeout=30, start_new_session=True,
    )  # fmt: skip
    faults = diagnose(evidence).case.start_faults
    assert bool(faults) == (done.returncode != 0), done.stderr
    for fault in faults:
        assert fault.message.partition(" (SSL: ")[0] in done.stderr
        assert fault.message.rpartition("::")[2].rstrip(")") in done.stderr


def test_the_password_itself_is_no_evidence(tmp_path: Path) -> None:
    evidence = LOCKED["opened-key"].make(Workshop(tmp_path)).evidence()
    assert str(tmp_path / "server.key") in evidence.keys
    held = b"".join(content or b"" for content in (*evidence.files.values(), *evidence.candidates.values()))
    assert b"open sesame" not in held
    assert b"PRIVATE KEY-----\n" not in held
