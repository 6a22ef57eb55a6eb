"""docs/nginx.md, run as it stands."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from handclasp.cli import handclasp
from tests.nginx_rig import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "nginx.md").read_text("utf-8")


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "HANDCLASP_HOME": str(folder / "home"), "PATH": tools, "LC_ALL": "C.UTF-8"}
    environment["HANDCLASP_PASSPHRASE_FILE"] = str(folder / "passphrase")
    return subprocess.run(
        ["sh", "-eux", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    port = str(free_port())
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n")
    passphrase.chmod(0o600)
    for name, text in re.findall(r"<!-- file (\S+) -->\n```toml\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text.replace("8443", port))
    blocks = re.findall(r"<!-- run -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 6
    try:
        done = [run(block.replace("8443", port), tmp_path) for block in blocks]
        for each in done:
            assert each.returncode == 0, each.stdout + each.stderr
    finally:
        run("handclasp nginx stop || true", tmp_path)
    assert "app.test" in done[0].stdout
    assert "/health without a certificate: 200" in done[1].stdout
    assert "/ without a certificate: 400" in done[1].stdout
    assert "handclasp-any.app.test.stream" in done[2].stdout
    assert "ok  app.test, bob (revoked) resumed, TLSv1.3" in done[3].stdout
    assert "Taken back: nginx was reloaded." in done[4].stdout
    assert "SSLCARevocationCheck chain" in done[5].stdout


def test_every_key_and_command_of_the_page_exists() -> None:
    commands = set(re.findall(r"handclasp nginx ([a-z]+)", PAGE))
    known = handclasp.get_command(None, "nginx").table  # type: ignore[arg-type, union-attr]
    assert commands <= set(known)
    from handclasp.app.intent_file import schema

    text = json.dumps(schema())
    for key in (
        "allow",
        "free_from",
        "path",
        "strangers",
        "clients",
        "websocket",
        "client_cert",
        "responder",
        "resolver",
        "tls",
    ):
        assert f'"{key}"' in text
        assert key in PAGE
