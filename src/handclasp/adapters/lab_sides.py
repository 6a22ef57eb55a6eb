"""One nginx of the lab: its folder, its files, its process. In a chroot or not; ends with the block that began it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handclasp.adapters import nginx_binary, processes
from handclasp.model.errors import WorldError

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_POLL = 0.005
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class LabSide:
    """`outside` and `inside` are the same folder as this process and as that nginx see it; `argv` runs nginx."""

    name: str
    outside: str
    inside: str
    argv: list[str]

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return Path(self.outside) / self.name

    @property
    def prefix(self) -> str:
        """The same folder, as nginx sees it."""
        return f"{self.inside}/{self.name}"

    def lay(self, files: Mapping[str, bytes], values: Mapping[str, str]) -> None:
        """Write files, each whole before it is seen, with the marks in them replaced by their values."""
        for name, content in files.items():
            for mark, value in values.items():
                content = content.replace(mark.encode(), value.encode())  # noqa: PLW2901 - filled step by step
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f"{target.name}.new")
            fresh.write_bytes(content)
            fresh.replace(target)

    def words(self) -> str:
        """What nginx said on its standard error."""
        return (self.folder / "stderr").read_text("utf-8", errors="replace")

    def log(self, name: str = "error.log") -> str:
        """Its error log; "" when it has written none."""
        path = self.folder / name
        return path.read_text("utf-8", errors="replace") if path.exists() else ""


@contextmanager
def folder(root: str | None) -> Iterator[str]:
    """A short-named folder: the path of a Unix socket has at most 107 octets."""
    made = tempfile.mkdtemp(prefix="hl", dir=None if root is None else f"{root}/tmp")  # noqa: S108 - mkdtemp makes it safe
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def seen_from(root: str | None, path: str) -> str:
    """A path below a root file system as a process in it sees it."""
    return path if root is None else "/" + os.path.relpath(path, root)


def give_to_nobody(side: LabSide, closed: tuple[str, ...]) -> None:
    """The folder and its files to nobody, except those that nobody may read. Without root's rights: closed to everybody."""
    mine = os.geteuid() == 0
    Path(side.outside).chmod(0o755)
    for path in (side.folder, *side.folder.rglob("*")):
        if mine:
            os.chown(path, _NOBODY, _NOBODY)
    for name in closed:
        path = side.folder / name
        if mine:
            os.chown(path, 0, 0)
        path.chmod(0o600 if mine else 0)


def as_nobody(argv: list[str]) -> list[str]:
    """The same command as nobody; as it is when this process is not root, and so has no rights to give up."""
    if os.geteuid() != 0:
        return argv
    if argv[0] == "chroot":
        return ["chroot", f"--userspec={_NOBODY}:{_NOBODY}", f"--groups={_NOBODY}", *argv[1:]]
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *argv]


@contextmanager
def running(side: LabSide) -> Iterator[subprocess.Popen[bytes] | None]:
    """The nginx of a side, serving; None when it refused to start and `words` says why."""
    config = [*side.argv, "-p", side.prefix, "-c", f"{side.prefix}/nginx.conf"]
    with (side.folder / "stderr").open("wb") as words:
        process = subprocess.Popen(
            [*config, "-g", f"daemon off; pid {side.prefix}/nginx.pid;"],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=nginx_binary.environment(),
        )
    try:
        yield process if _started(process, side) else None
    finally:
        _stop(process)


def _started(process: subprocess.Popen[bytes], side: LabSide) -> bool:
    """Its pid file is written after nginx listens; False when it gave up."""
    deadline = time.monotonic() + _START_SECONDS
    while not (side.folder / "nginx.pid").exists():
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise WorldError(f"nginx did not start within {_START_SECONDS:g} s", where=side.name)
        time.sleep(_POLL)
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def reload(process: subprocess.Popen[bytes], *, seconds: float = 1.5) -> bool:
    """Send HUP and wait for a new generation of workers; False when none came (nginx kept its old configuration)."""
    old = set(processes.children(process.pid))
    process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = {pid for pid in processes.children(process.pid) if "shutting down" not in processes.title(pid)}
        if now and not now & old:
            return True
        time.sleep(_POLL)
    return False
