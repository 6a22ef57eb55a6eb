"""A fleet in a test: nginx hosts elsewhere, each with the three files that were carried to it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handclasp.adapters.nginx_process import NginxProcess
from tests.ca_rig import Ca, fresh
from tests.nginx_rig import free_port

MAIN = """pid {folder}/nginx.pid;
worker_processes 1;
error_log {folder}/error.log info;
{user}events {{ worker_connections 64; }}
http {{
    access_log off;
    include conf.d/*.conf;
}}
"""
SITE = """[[site]]
server_names = ["{name}"]
listen = ["127.0.0.1:{port}"]
{more}
"""


@dataclass
class Machine:
    """An nginx that somebody installed, and the three files that were carried to it."""

    folder: Path
    name: str
    port: int
    nginx: NginxProcess

    @property
    def config(self) -> Path:
        return self.folder / "etc" / "nginx.conf"

    def agent(self, api: str, *more: str) -> list[str]:
        files = self.folder / "pki"
        return [
            "agent", "--server", api, "--cert", str(files / "chain.pem"), "--key", str(files / "key.pem"),
            "--ca", str(files / "bundle.pem"), "--config-dir", str(self.config.parent), *more,
        ]  # fmt: skip

    def status(self, ca: Ca, who: str | None) -> str:
        shown = () if who is None else ("--cert", ca.identity(who, "chain.pem"), "--key", ca.identity(who, "key.pem"))
        url = f"https://app.test:{self.port}/"
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", ca.home / "ca/bundle.pem",
             "--resolve", f"app.test:{self.port}:127.0.0.1", *shown, url],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.stdout


@contextmanager
def machine(ca: Ca, folder: Path, name: str) -> Iterator[Machine]:
    made = Machine(folder=folder, name=name, port=free_port(), nginx=NginxProcess())
    for each in ("etc/conf.d", "pki"):
        (folder / each).mkdir(parents=True)
    made.config.write_text(MAIN.format(folder=folder, user="user root;\n"))
    ca.run("issue", name)
    for file in ("chain.pem", "key.pem"):
        (folder / "pki" / file).write_bytes(ca.identity(name, file).read_bytes())
    (folder / "pki" / "bundle.pem").write_bytes((ca.home / "ca" / "bundle.pem").read_bytes())
    place = {"prefix": str(folder / "etc"), "config": str(made.config)}
    made.nginx.start(**place)
    try:
        yield made
    finally:
        made.nginx.stop(**place)


def order(ca: Ca, host: Machine, more: str = "", *, name: str = "app.test") -> None:
    path = host.folder / "orders.toml"
    path.write_text(SITE.format(name=name, port=host.port, more=more))
    ca.run("host", "set", host.name, "--file", str(path))


def elsewhere(tmp_path: Path) -> Ca:
    """The command on another machine: it has no CA."""
    return fresh(tmp_path / "elsewhere")


def listed(ca: Ca) -> list[dict[str, Any]]:
    """The hosts, whatever the exit code says of them."""
    process = ca.start("host", "list", "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode in {0, 1}, err
    return list(json.loads(out)["hosts"])


def orders_file(folder: Path) -> Path:
    path = folder / "orders.toml"
    path.write_text(SITE.format(name="app.test", port=8443, more=""))
    return path
