"""ports.Bench: two nginx processes over Unix sockets in a throw-away folder, the one under test optionally in a chroot."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from handclasp.adapters import nginx_binary
from handclasp.model.errors import WorldError
from handclasp.model.nginx import NginxBuild
from handclasp.ports.bench import FOLDER, OTHER, Answer, Sheet, Sighting

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_ANSWER_SECONDS = 10.0
_POLL = 0.005


class LabBench:
    """Runs sheets.

    Args:
        path: the nginx under test; None finds this machine's. Inside the chroot when there is one.
        root: root file system of the nginx under test, entered with chroot(8); None: this machine's. Needs root.
        counterpart: the nginx on the other side, always of this machine.
    """

    def __init__(self, path: str | None = None, *, root: str | None = None, counterpart: str | None = None) -> None:
        self.root = root
        self._path, self._counterpart = path, counterpart

    @cached_property
    def _enter(self) -> list[str]:
        return [] if self.root is None else ["chroot", self.root]

    @cached_property
    def _subject_argv(self) -> list[str]:
        return [*self._enter, self._path or ("/usr/sbin/nginx" if self.root else nginx_binary.find(None))]

    @cached_property
    def _described(self) -> NginxBuild:
        return nginx_binary.describe_argv(self._subject_argv)

    def build(self) -> NginxBuild:
        """The build under test; `path` is as seen inside the chroot."""
        return self._described

    def run(self, sheet: Sheet) -> Sighting:
        """Start both sides, ask everything, stop both."""
        with _folder(self.root) as outside:
            inside = outside if self.root is None else "/" + os.path.relpath(outside, self.root)
            subject = _Side("subject", outside, inside, self._subject_argv)
            counterpart = _Side("counterpart", outside, outside, [nginx_binary.find(self._counterpart)])
            subject.lay(sheet.subject)
            counterpart.lay(sheet.counterpart)
            return _run(subject, counterpart, sheet)


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    outside: str
    inside: str
    argv: list[str]

    @property
    def folder(self) -> Path:
        return Path(self.outside) / self.name

    def lay(self, files: dict[str, bytes]) -> None:
        """Write the files, with the folders' names filled in."""
        other = "counterpart" if self.name == "subject" else "subject"
        for name, content in files.items():
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            filled = content.replace(FOLDER.encode(), f"{self.inside}/{self.name}".encode())
            target.write_bytes(filled.replace(OTHER.encode(), f"{self.inside}/{other}".encode()))

    def words(self) -> str:
        """What nginx said on its standard error."""
        return (self.folder / "stderr").read_text("utf-8", errors="replace")

    def log(self) -> str:
        """Its error log."""
        return (self.folder / "error.log").read_text("utf-8", errors="replace")


@contextmanager
def _folder(root: str | None) -> Iterator[str]:
    """A short-named folder: the path of a Unix socket has at most 107 octets."""
    made = tempfile.mkdtemp(prefix="hl", dir=None if root is None else f"{root}/tmp")  # noqa: S108 - mkdtemp makes it safe
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _run(subject: _Side, counterpart: _Side, sheet: Sheet) -> Sighting:
    with contextlib.ExitStack() as stack:
        for side in (counterpart, subject):
            process = stack.enter_context(_process(side))
            if not _started(process, side):
                return Sighting(refused=side.words(), refused_side=side.name)
        answers = _ask_all(f"{subject.outside}/{sheet.ask}", sheet.requests)
        stack.close()  # a stopped nginx has written all its lines
        return Sighting(answers=answers, log=subject.log())


@contextmanager
def _process(side: _Side) -> Iterator[subprocess.Popen[bytes]]:
    folder = f"{side.inside}/{side.name}"
    argv = [*side.argv, "-p", folder, "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
    with (side.folder / "stderr").open("wb") as words:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=nginx_binary.environment())
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _started(process: subprocess.Popen[bytes], side: _Side) -> bool:
    """Its pid file is written after nginx listens; False when it gave up."""
    deadline = time.monotonic() + _START_SECONDS
    while not (side.folder / "nginx.pid").exists():
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise WorldError(f"nginx did not start within {_START_SECONDS:g} s", where=side.name)
        time.sleep(_POLL)
    return True


def _ask_all(path: str, requests: Sequence[str]) -> tuple[Answer | None, ...]:
    return tuple(_ask(path, request) for request in requests)


def _ask(path: str, request: str) -> Answer | None:
    """One request on a connection of its own; None when no HTTP answer comes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(_ANSWER_SECONDS)
        try:
            wire.connect(path)
            wire.sendall(f"GET {request} HTTP/1.0\r\nHost: lab.test\r\n\r\n".encode())
            raw = b"".join(iter(lambda: wire.recv(65536), b""))
        except OSError as error:
            raise WorldError(f"the lab's nginx does not answer: {error}", where=request) from error
    return _parse(raw)


def _parse(raw: bytes) -> Answer | None:
    head, _, body = raw.decode("utf-8", errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    if not first.startswith("HTTP/"):
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(status=int(first.split()[1]), headers=headers, body=body)
