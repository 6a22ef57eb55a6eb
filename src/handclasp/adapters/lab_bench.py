"""ports.Bench: two nginx processes over Unix sockets in a throw-away folder, the one under test optionally in a chroot."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property

from handclasp.adapters import nginx_binary
from handclasp.adapters.lab_sides import LabSide, folder, running, seen_from
from handclasp.model.errors import WorldError
from handclasp.model.nginx import NginxBuild
from handclasp.ports.bench import FOLDER, OTHER, Answer, Sheet, Sighting

_ANSWER_SECONDS = 10.0


class LabNginx:
    """The nginx under test, and the one of this machine beside it.

    Args:
        path: the nginx under test; None finds this machine's. Inside the chroot when there is one.
        root: root file system of the nginx under test, entered with chroot(8); None: this machine's. Needs root.
        counterpart: the nginx on the other side, always of this machine.
    """

    def __init__(self, path: str | None = None, *, root: str | None = None, counterpart: str | None = None) -> None:
        self.root = root
        self._path, self._counterpart = path, counterpart

    @cached_property
    def argv(self) -> list[str]:
        """What runs the nginx under test."""
        if self.root is None:
            return [nginx_binary.find(self._path)]
        return ["chroot", self.root, self._path or "/usr/sbin/nginx"]

    @property
    def openssl(self) -> list[str]:
        """What runs the openssl beside the nginx under test."""
        return ["openssl"] if self.root is None else ["chroot", self.root, "openssl"]

    @cached_property
    def counterpart(self) -> list[str]:
        """What runs the other one."""
        return [nginx_binary.find(self._counterpart)]

    @cached_property
    def _described(self) -> NginxBuild:
        return nginx_binary.describe_argv(self.argv)

    def build(self) -> NginxBuild:
        """The build under test; `path` is as seen inside the chroot."""
        return self._described


class LabBench(LabNginx):
    """ports.Bench."""

    def run(self, sheet: Sheet) -> Sighting:
        """Start both sides, ask everything, stop both."""
        with folder(self.root) as outside:
            inside = seen_from(self.root, outside)
            subject = LabSide("subject", outside, inside, self.argv)
            counterpart = LabSide("counterpart", outside, outside, self.counterpart)
            subject.lay(sheet.subject, {FOLDER: subject.prefix, OTHER: f"{inside}/counterpart"})
            counterpart.lay(sheet.counterpart, {FOLDER: counterpart.prefix, OTHER: f"{outside}/subject"})
            return _run(subject, counterpart, sheet)


def _run(subject: LabSide, counterpart: LabSide, sheet: Sheet) -> Sighting:
    with ExitStack() as stack:
        for side in (counterpart, subject):
            if stack.enter_context(running(side)) is None:
                return Sighting(refused=side.words(), refused_side=side.name)
        answers = _ask_all(f"{subject.outside}/{sheet.ask}", sheet.requests)
        stack.close()  # a stopped nginx has written all its lines
        return Sighting(answers=answers, log=subject.log())


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
