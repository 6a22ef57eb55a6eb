"""apply, revoke and rollback on the nginx of other root file systems: what `make matrix` asks of each of them besides the lab.

    python tools/matrix_apply.py --root /var/cache/handclasp-lab/debian-13 --root ...

Each nginx is reached as one in a container is: by a command of its owner (chroot), with its folder under another name here.
Every apply proves itself by handshakes; what is checked here is that it did, on that build, and that a revocation outlives a
rollback. Needs root. Exit code 1: on some build something was not as it must be.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handclasp.adapters.processes import free_port

_CONFIG = """user root;
worker_processes 1;
pid run/nginx.pid;
error_log logs/error.log info;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
    include conf.d/*.conf;
}
"""
_START_SECONDS = 20.0


class WrongError(Exception):
    """Something was not as it must be, in words."""


@dataclass(frozen=True)
class Yard:
    """A folder with an nginx in another root: `here` on this machine, `inside` as that nginx sees it. `home`: of the CA."""

    root: Path
    here: Path
    inside: str
    home: str
    port: int

    @property
    def command(self) -> list[str]:
        """What runs that nginx."""
        return ["chroot", str(self.root), "/usr/sbin/nginx"]

    def run(self, *words: str, expect: int = 0) -> dict[str, Any]:
        """One command of Handclasp, and the document that it prints."""
        argv = [sys.executable, "-m", "handclasp", *words, "--json"]
        done = subprocess.run(argv, env=os.environ | {"HANDCLASP_HOME": self.home}, capture_output=True, text=True, check=False)
        if done.returncode != expect:
            raise WrongError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def apply(self, *more: str) -> list[dict[str, Any]]:
        """Serve the site; the probes, all as intended."""
        site = ("--server-name", "app.test", "--listen", f"127.0.0.1:{self.port}")
        where = ("--config-dir", str(self.here), "--mount", f"{self.inside}={self.here}")
        said = self.run("nginx", "apply", *site, *where, "--nginx-command", " ".join(self.command), *more)
        return _all_right("apply", said["proven"])


def _all_right(what: str, probes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not probes:
        raise WrongError(f"{what}: nobody was asked")
    wrong = [f"{one['name']}: {one['seen']}" for one in probes if not one["ok"]]
    if wrong:
        raise WrongError(f"{what}: {'; '.join(wrong)}")
    return probes


@contextmanager
def yard(root: Path) -> Iterator[Yard]:
    """An nginx that runs in this root until the block ends."""
    (root / "tmp").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / "tmp") as folder, tempfile.TemporaryDirectory() as home:
        here = Path(folder)
        for name in ("conf.d", "run", "logs"):
            (here / name).mkdir()
        (here / "nginx.conf").write_text(_CONFIG)
        made = Yard(root=root, here=here, inside=f"/tmp/{here.name}", home=home, port=free_port())  # noqa: S108 - in that root
        pid_file = here / "run" / "nginx.pid"
        subprocess.run([*made.command, "-p", made.inside, "-c", f"{made.inside}/nginx.conf"], check=True)
        try:
            yield made
        finally:
            master = int(pid_file.read_text())
            os.kill(master, signal.SIGTERM)
            end = time.monotonic() + _START_SECONDS
            while Path(f"/proc/{master}").exists() and time.monotonic() < end:
                time.sleep(0.05)


def rounds(at: Yard) -> int:
    """Apply, apply a list, revoke, roll back; how many probes were made.

    Raises:
        WrongError: something was not as it must be.
    """
    for words in (("init",), ("issue", "alice"), ("issue", "bob")):
        at.run(*words)
    made = len(at.apply())
    made += len(at.apply("--allow", "alice", "--allow", "bob"))
    revoked = at.run("revoke", "alice")
    if not revoked["proven"]:
        raise WrongError(f"the revocation is not proven: {revoked}")
    made += len(_all_right("revoke", revoked["proof"]))
    back = _all_right("rollback", at.run("nginx", "rollback", "1", "--config-dir", str(at.here))["proven"])
    who = {(one["who"], one["expect"]) for one in back}
    if not {("good", "admitted"), ("revoked", "refused")} <= who:
        raise WrongError(f"after the rollback only these were asked: {sorted(who)}")
    return made + len(back)


def main() -> int:
    """Ask every root; print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", action="append", type=Path, required=True, help="a root file system with an nginx")
    failed = False
    for root in parser.parse_args().root:
        began = time.monotonic()
        try:
            with yard(root) as at:
                said = f"{rounds(at)} probes as intended"
        except WrongError as error:
            said, failed = f"WRONG: {error}", True
        version = (
            subprocess.run(["chroot", str(root), "/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=True)
            .stderr.rpartition("/")[2]
            .strip()
        )
        print(f"{root.name}, nginx {version}: apply, revoke and rollback, {said} ({time.monotonic() - began:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
