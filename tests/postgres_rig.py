"""A throw-away PostgreSQL for tests: its own cluster in a new folder, on a Unix socket alone, as an unprivileged user."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

USER = "nobody"


@dataclass(frozen=True)
class Cluster:
    """`url()` makes a new, empty database each time."""

    folder: Path
    numbers: Iterator[int]

    def url(self) -> str:
        name = f"test{next(self.numbers)}"
        run(self.folder, "psql", "-h", str(self.folder), "-U", USER, "-d", "postgres", "-c", f"CREATE DATABASE {name}")
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def sql(self, url: str, statement: str) -> str:
        return run(self.folder, "psql", "-At", "-d", url, "-c", statement)

    def stop(self, mode: str = "fast") -> None:
        run(self.folder, "pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=60"
        run(
            self.folder, "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", options, "start"
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="handclasp-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    made = Cluster(folder=folder, numbers=count())
    try:
        run(folder, "initdb", "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8")
        made.start()
        try:
            yield made
        finally:
            made.stop("immediate")
    finally:
        shutil.rmtree(folder)


def run(folder: Path, program: str, *args: str) -> str:
    """As the unprivileged user, because PostgreSQL refuses root."""
    options: dict[str, Any] = {"user": USER, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    done = subprocess.run(
        [binary(program), *args],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder, env=environment, text=True,
        check=False, timeout=120, **options,
    )  # fmt: skip
    assert done.returncode == 0, (program, args, done.stdout)
    return str(done.stdout)


def binary(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        assert newest, f"PostgreSQL's {name} is missing: apt-get install postgresql"
        found = str(newest[-1])
    return found
