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

USER = "nobody"


@dataclass(frozen=True)
class Cluster:
    """`url()` makes a new, empty database each time. `place` and `listen`: where it runs (net_rig), and its address there."""

    folder: Path
    numbers: Iterator[int]
    place: tuple[str, ...] = ()
    listen: str = ""

    def url(self, options: str = "") -> str:
        name = f"test{next(self.numbers)}"
        statement = f"CREATE DATABASE {name} {options}"
        run(self.folder, "psql", "-h", str(self.folder), "-U", USER, "-d", "postgres", "-c", statement)
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def sql(self, url: str, statement: str) -> str:
        return run(self.folder, "psql", "-At", "-d", url, "-c", statement)

    def stop(self, mode: str = "fast") -> None:
        run(self.folder, "pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def start(self) -> None:
        where = f"-c listen_addresses={self.listen} -c unix_socket_directories={self.folder}"
        options = f"{where} -c fsync=off -c max_connections=60"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        run(self.folder, "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start", place=self.place)


@contextmanager
def cluster(*, place: tuple[str, ...] = (), listen: str = "") -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="handclasp-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    made = Cluster(folder=folder, numbers=count(), place=place, listen=listen)
    try:
        run(folder, "initdb", "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8")
        if listen:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all all trust\n")
        made.start()
        try:
            yield made
        finally:
            made.stop("immediate")
    finally:
        shutil.rmtree(folder)


def run(folder: Path, program: str, *args: str, place: tuple[str, ...] = ()) -> str:
    """As the unprivileged user, because PostgreSQL refuses root."""
    dropped = ("setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups") if os.geteuid() == 0 else ()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    done = subprocess.run(
        [*place, *dropped, binary(program), *args],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder, env=environment, text=True,
        check=False, timeout=120,
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
