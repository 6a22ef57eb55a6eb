"""The systemd unit of `handclasp serve`: accepted, hardened, and its command line runs."""

import subprocess
from pathlib import Path

from tests.ca_rig import Ca


def test_systemd_accepts_the_unit_and_finds_it_safe(ca: Ca, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    made = ca.json("systemd", "-o", str(folder), "--user", "root", "--reload", "", "--serve", "127.0.0.1:8555")
    assert "handclasp-serve.service" in made["units"]
    unit = folder / "handclasp-serve.service"
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, check=False, text=True, timeout=60
    )
    assert "handclasp" not in done.stderr, done.stderr
    assert done.returncode == 0
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", unit],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-400:]
    text = unit.read_text()
    assert "serve --listen 127.0.0.1:8555" in text
    assert "ExecReload=/bin/kill -HUP $MAINPID" in text
