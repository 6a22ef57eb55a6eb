"""Fuzz the REST API with schemathesis, by its own OpenAPI document: as an admin, and as a client without any role.

Usage: PATH_OF_SCHEMATHESIS/python tools/fuzz_api.py [--seconds N] [--seed N]      (`make fuzz` installs it beside)

An answer that is no answer of the document, a 500, a hang or a crash fails the run. What the document cannot say (that a text
is a certification request) is not held against the API.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.ca_rig import Ca, fresh  # noqa: E402
from tests.serve.serve_rig import serving  # noqa: E402

CALLERS = ("alice", "boss")  # an admin may well revoke who comes after
HOST = '[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:8443"]\n'


def main() -> int:
    """Fuzz as each caller; the first exit code that is not 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schemathesis", default=str(ROOT / ".fuzz/bin/schemathesis"))
    parser.add_argument("--seconds", type=int, default=120, help="for each caller")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        ca = _made(Path(name))
        with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test") as served:
            codes = [_fuzzed(ca, str(served.document["api"]), who, chosen) for who in CALLERS]
    return max(codes)


def _made(folder: Path) -> Ca:
    ca = fresh(folder / "ca")
    ca.run("init")
    for who in CALLERS:
        ca.run("issue", who)
    ca.run("issue", "app.test", "--profile", "server", "--san", "ip:127.0.0.1")
    (ca.home / "roles.toml").write_text('"boss" = "admin"\n')
    (folder / "host.toml").write_text(HOST)
    for who in CALLERS:
        ca.run("host", "set", who, "--file", str(folder / "host.toml"))
    return ca


def _fuzzed(ca: Ca, api: str, who: str, chosen: argparse.Namespace) -> int:
    print(f"as {who}:", flush=True)
    files, rules = ca.identity(who), ca.home.parent / "schemathesis.toml"
    rules.write_text("[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 408, 409, 413, 415, 422]\n")
    argv = [
        chosen.schemathesis, "--config-file", str(rules), "run", f"{api}/openapi.json",
        "--tls-verify", str(ca.home / "ca/bundle.pem"),
        "--request-cert", str(files / "chain.pem"), "--request-cert-key", str(files / "key.pem"),
        "--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all", "--warnings", "off",
        "--max-time", str(chosen.seconds), "--seed", str(chosen.seed), "--request-timeout", "30",
    ]  # fmt: skip
    return subprocess.run(argv, env=os.environ | {"NO_PROXY": "*", "NO_COLOR": "1"}, cwd=ca.home.parent, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
