"""An nginx in a container, under a supervisor or known by its PID file: reached by its owner's commands, and proven.

The container is a mount namespace of its own: its nginx sees the configuration at a path that is nothing here.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from handclasp.adapters import processes
from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.mapped import MappedFiles
from tests.app_apply.bench import Bench
from tests.nginx_rig import MAIN

INSIDE = f"/opt/inside-a-container-{os.getpid()}"  # another worker of the tests may have one too


@dataclass(frozen=True)
class Container:
    """nginx with `here` mounted at INSIDE, and the program that runs a command in there, as `docker exec` does."""

    here: Path
    enter: Path
    log: Path

    @property
    def mount(self) -> str:
        return f"{INSIDE}={self.here}"

    def reloads(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "-s reload" in line] if self.log.exists() else []


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    here = tmp_path / "volume"
    for name in ("conf.d", "logs", "run"):
        (here / name).mkdir(parents=True)
    (here / "nginx.conf").write_text(MAIN.format(http="include conf.d/*.conf;", user="user root;"))
    # The script is told what to run and notes it; words with spaces or $ in them must arrive as they were.
    holder = subprocess.Popen(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f"mkdir -p {INSIDE} && mount --bind {here} {INSIDE} && echo up && exec sleep infinity",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    enter, log = tmp_path / "enter container", tmp_path / "commands"
    enter.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"open({str(log)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"os.execvp('nsenter', ['nsenter', '--mount=/proc/{holder.pid}/ns/mnt', *sys.argv[1:]])\n"
    )
    enter.chmod(0o755)
    subprocess.run([enter, "nginx", "-p", INSIDE, "-c", f"{INSIDE}/nginx.conf"], check=True)
    try:
        yield Container(here=here, enter=enter, log=log)
    finally:
        holder.stdout.close()
        masters = [pid for pid in processes.pids() if f"-p {INSIDE} " in processes.title(pid) and processes.children(pid)]
        for pid in masters:
            os.kill(pid, signal.SIGTERM)
        holder.terminate()
        holder.wait(60)
        Path(INSIDE).rmdir()


def options(container: Container) -> tuple[str, ...]:
    command = f"'{container.enter}' nginx"
    return ("--config-dir", str(container.here), "--mount", container.mount, "--nginx-command", command)


def test_a_site_in_a_container(bench: Bench, container: Container) -> None:
    bench.ca.run("nginx", "plan", *bench.site, *options(container))
    assert container.reloads() == []
    said = json.loads(bench.apply(*options(container), "--json").stdout)
    assert (said["reloaded"], said["serving"], {one["ok"] for one in said["proven"]}) == (True, True, {True})
    assert len(container.reloads()) == 1
    conf = (container.here / "conf.d" / "handclasp-app.test.conf").read_text()
    assert f"ssl_crl {INSIDE}/handclasp/crl.pem;" in conf
    assert str(container.here) not in conf
    assert (bench.curl("alice"), bench.curl("bob"), bench.curl()) == ("200", "200", "400")
    # From here on nobody says again how it is reached.
    revoked = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert revoked["proven"] is True
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    where = ("--config-dir", str(container.here))
    history = bench.ca.json("nginx", "history", *where)["changes"]
    assert [(one["kind"], one["failed"]) for one in history] == [("apply", []), ("revoke", [])]
    assert "conf.d/handclasp-app.test.conf" in bench.ca.run("nginx", "plan", *bench.site, "--allow", "bob", *where).stdout
    bench.ca.run("nginx", "rollback", *where)
    while bench.curl("bob") == "200":
        """The command to reload returns before the old workers leave, and no site is left to ask."""
    assert bench.curl("bob") == "000"
    assert not (container.here / "conf.d" / "handclasp-app.test.conf").exists()


def test_its_services_are_lied_to_on_a_copy(bench: Bench, container: Container) -> None:
    site = (*bench.site, "--upstream", "http://127.0.0.1:9", *options(container))
    said = json.loads(bench.ca.run("nginx", "apply", *site, "--json").stdout)
    seen = [one["seen"] for one in said["proven"] if one["expect"] == "cleared"]
    assert seen[0].startswith("the service was told nothing of it, by nginx ")
    assert not (container.here / ".handclasp" / "rehearsal").exists()


def test_what_its_nginx_refuses_is_put_back(bench: Bench, container: Container) -> None:
    bench.apply(*options(container))
    (container.here / "conf.d" / "broken.conf").write_text("nonsense on;\n")
    refused = bench.apply(*options(container), "--allow", "alice", expect=5)
    assert 'unknown directive "nonsense"' in refused.stderr
    assert bench.curl("bob") == "200"


def test_said_in_the_file(bench: Bench, container: Container, tmp_path: Path) -> None:
    intent = tmp_path / "handclasp.toml"
    intent.write_text(
        f'[nginx]\nconfig_dir = "{container.here}"\ncommand = ["{container.enter}", "nginx"]\n'
        f'mounts = {{ "{INSIDE}" = "{container.here}" }}\n'
        f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{bench.port}"]\nallow = ["alice"]\n'
    )
    bench.ca.run("nginx", "apply", "--file", str(intent))
    assert (bench.curl("alice"), bench.curl("bob")) == ("200", "403")
    assert container.reloads()


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[tuple[Path, Path, Path]]:
    """An nginx under somebody's supervision, the owner's way to reload it, and what that way notes."""
    prefix = tmp_path / "own"
    for name in ("conf.d", "logs", "run"):
        (prefix / name).mkdir(parents=True)
    (prefix / "nginx.conf").write_text(MAIN.format(http="include conf.d/*.conf;", user="user root;"))
    argv = ["nginx", "-p", f"{prefix}/", "-c", "nginx.conf", "-g", "daemon off;"]
    master = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    pid_file, notes, way = prefix / "run" / "nginx.pid", tmp_path / "notes", tmp_path / "reload it"
    while not pid_file.exists() or not pid_file.read_text().strip():
        assert master.poll() is None
    way.write_text(
        f"#!{sys.executable}\nimport os, signal, sys\nopen({str(notes)!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n"
        f"os.kill({master.pid}, signal.SIGHUP)\n"
    )
    way.chmod(0o755)
    try:
        yield prefix, way, notes
    finally:
        master.terminate()
        master.wait(60)


def test_a_reload_command_is_words_and_no_shell(bench: Bench, supervised: tuple[Path, Path, Path]) -> None:
    prefix, way, notes = supervised
    reload = f"'{way}' 'two words' '$(touch {prefix}/shell)' ';' '>x'"
    bench.apply("--config-dir", str(prefix), "--reload-command", reload, "--pid-file", str(prefix / "run" / "nginx.pid"))
    assert notes.read_text().splitlines() == [repr(["two words", f"$(touch {prefix}/shell)", ";", ">x"])]
    assert not (prefix / "shell").exists()
    assert (bench.curl("alice"), bench.curl()) == ("200", "400")
    assert json.loads(bench.ca.run("revoke", "alice", "--json").stdout)["proven"] is True
    assert len(notes.read_text().splitlines()) == 2


def test_a_pid_file_alone(bench: Bench, supervised: tuple[Path, Path, Path]) -> None:
    prefix, _, notes = supervised
    bench.apply("--config-dir", str(prefix), "--pid-file", str(prefix / "run" / "nginx.pid"))
    assert bench.curl("alice") == "200"
    assert not notes.exists()


def test_a_reload_command_that_fails(bench: Bench, supervised: tuple[Path, Path, Path], tmp_path: Path) -> None:
    prefix, _, _ = supervised
    bad = tmp_path / "bad"
    bad.write_text("#!/bin/sh\necho the supervisor is away >&2\nexit 7\n")
    bad.chmod(0o755)
    before = sorted(path.name for path in (prefix / "conf.d").iterdir())
    failed = bench.apply("--config-dir", str(prefix), "--reload-command", str(bad), expect=5)
    assert "the reload command failed (exit status 7)" in failed.stderr
    assert "the supervisor is away" in failed.stderr
    assert sorted(path.name for path in (prefix / "conf.d").iterdir()) == before, "the files are back"
    bad.write_text("#!/bin/sh\nexit 0\n")
    pid_file = str(prefix / "run" / "nginx.pid")
    assert "put back first" in bench.apply("--config-dir", str(prefix), "--pid-file", pid_file).stdout
    assert bench.curl("alice") == "200"


def test_options_that_lack_something(bench: Bench) -> None:
    bench.apply("--reload-command", "true", expect=2)
    bench.apply("--config-dir", "/tmp", "--mount", "nonsense", expect=2)
    bench.apply("--config-dir", "/tmp", "--reload-command", "'open", expect=2)


def test_paths_of_mounts() -> None:
    files = MappedFiles(PosixFileTree(), (("/etc/nginx", "/srv/a"),))
    assert files.outside("/etc/nginx/conf.d/x") == "/srv/a/conf.d/x"
    assert files.outside("/etc/nginx-other/x") == "/etc/nginx-other/x"
    assert files.inside("/srv/a/x") == "/etc/nginx/x"
    assert files.inside("/srv/abc/x") == "/srv/abc/x"
