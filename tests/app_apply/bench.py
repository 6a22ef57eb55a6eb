"""A home with its private nginx, driven through the command line and looked at with curl."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handclasp.adapters import processes
from handclasp.adapters.nginx_process import NginxProcess
from tests.ca_rig import Ca, copied
from tests.nginx_rig import free_port

LEFTOVERS = ("journal.json", ".staged.conf")


@dataclass(frozen=True)
class Bench:
    ca: Ca
    port: int

    @property
    def prefix(self) -> Path:
        return self.ca.home / "nginx"

    @property
    def site(self) -> tuple[str, ...]:
        return ("--server-name", "app.test", "--listen", f"127.0.0.1:{self.port}")

    def apply(self, *options: str, expect: int = 0) -> "subprocess.CompletedProcess[str]":
        return self.ca.run("nginx", "apply", *self.site, *options, expect=expect)

    def curl(self, name: str | None = None, *options: str) -> str:
        """The status that curl gets, "000" without an answer."""
        folder = self.ca.identity(name or "nobody")
        own = ("--cert", str(folder / "chain.pem"), "--key", str(folder / "key.pem"))
        argv = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", str(self.ca.home / "ca/bundle.pem")]
        where = ["--resolve", f"app.test:{self.port}:127.0.0.1", f"https://app.test:{self.port}/"]
        done = subprocess.run([*argv, *(own if name else ()), *options, *where], capture_output=True, text=True, check=False)
        return done.stdout

    def files(self) -> dict[str, bytes]:
        """Everything that was rendered or copied: not logs, pid and Handclasp's own notes."""
        ours = [
            self.prefix / "nginx.conf",
            self.prefix / "sites.json",
            *self.prefix.glob("sites/*"),
            *self.prefix.glob("pki/*"),
        ]
        return {str(path.relative_to(self.prefix)): path.read_bytes() for path in ours if path.is_file()}

    def masters(self) -> list[int]:
        """nginx masters of this prefix."""
        wanted = f"-p {self.prefix} "
        return [pid for pid in processes.pids() if wanted in processes.title(pid)]

    def assert_clean(self) -> None:
        """No journal, nothing staged, no half-written file."""
        left = [path for path in self.prefix.rglob("*") if path.is_file() and path.name in LEFTOVERS]
        left += [*self.ca.home.rglob(".*.handclasp-new"), *(self.prefix / ".staged").glob("*")]
        assert not left, left


@contextmanager
def benched(template: Ca, folder: Path) -> Iterator[Bench]:
    made = Bench(ca=copied(template, folder), port=free_port())
    try:
        yield made
    finally:
        NginxProcess().stop(prefix=str(made.prefix), config=str(made.prefix / "nginx.conf"))
        assert made.masters() == []
