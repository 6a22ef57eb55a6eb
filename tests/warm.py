"""Runs of the program in processes of their own that need not load the libraries again: half of what a short run costs.

A process that has loaded them waits, and a fork of it becomes the program: with its words, environment, folder and files, and
with nothing of Handclasp in memory but what every command loads first. It ends as a program ends. What a fork cannot be given,
such as another environment of the interpreter, is a matter for `subprocess`.
"""

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

NO_MATTER = ("HANDCLASP_", "PYTEST_")
"""Variables that neither the interpreter nor a library reads."""
LIBRARIES = (
    "OpenSSL.SSL",
    "asyncio",
    "cryptography.hazmat.primitives.serialization.pkcs12",
    "cryptography.x509.ocsp",
    "http.client",
    "msgspec",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "handclasp.cli",
)


def fits(environment: Mapping[str, str]) -> bool:
    """Whether a fork can be given this environment: the interpreter and the libraries have read theirs already."""
    return _read_at_start(environment) == _environment()


def run(words: tuple[str, ...], environment: Mapping[str, str], folder: str, timeout: float) -> tuple[int, str, str]:
    """Exit code (negative: the signal), standard output, standard error. TimeoutExpired, as of subprocess, ends it."""
    asked = os.memfd_create("asked")
    os.write(asked, json.dumps({"words": words, "environment": dict(environment), "folder": folder}).encode())
    pairs = [os.pipe() for _ in range(3)]
    try:
        socket.send_fds(_waiting(), [b"run"], [asked, *(written for _, written in pairs)])
    finally:
        os.close(asked)
        for _, written in pairs:
            os.close(written)
    try:
        out, err, told = _read([read for read, _ in pairs], words, timeout)
    finally:
        for read, _ in pairs:
            os.close(read)
    return int(told.split()[1]), _text(out), _text(err)


def _read(descriptors: list[int], words: tuple[str, ...], timeout: float) -> list[bytes]:
    """All that is written to them, until nobody can write any more."""
    end = time.monotonic() + timeout
    read = dict.fromkeys(descriptors, b"")
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                os.kill(int(read[descriptors[2]].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(words, timeout, read[descriptors[0]], read[descriptors[1]])
            for key, _ in ready:
                more = os.read(key.fd, 1 << 16)
                read[key.fd] += more
                if not more:
                    selector.unregister(key.fd)
    return list(read.values())


def _text(written: bytes) -> str:
    return written.decode().replace("\r\n", "\n").replace("\r", "\n")


@cache
def _environment() -> dict[str, str]:
    return _read_at_start(os.environ) | {"LC_ALL": "C.UTF-8"}


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if not key.startswith(NO_MATTER)}


@cache
def _waiting() -> socket.socket:
    """The way to the process that waits, which ends with this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(Path(__file__).resolve()), str(there.fileno())],
            env=_environment(), pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    atexit.register(_end, here, process)
    return here


def _end(way: socket.socket, process: subprocess.Popen[bytes]) -> None:
    way.close()
    process.wait()


def _wait(control: socket.socket) -> None:
    """Answer requests; returns in the forks alone, as the program that is to be."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 4, socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        if not os.fork():
            control.close()
            _become(*descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        while _ended(os.WNOHANG):
            pass


def _ended(how: int) -> bool:
    try:
        return os.waitpid(-1, how)[0] != 0
    except ChildProcessError:
        return False


def _become(asked: int, out: int, err: int, told: int) -> None:
    """Returns in the program; its parent waits for it and tells how it ended."""
    request = json.loads(os.pread(asked, os.fstat(asked).st_size, 0))
    child = os.fork()
    if child:
        os.close(out)
        os.close(err)
        os.write(told, b"%d " % child)
        os.write(told, b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in (asked, out, err, told):
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path.insert(0, request["folder"])
    sys.argv[1:] = request["words"]


if __name__ == "__main__":
    # Ctrl-C is for the tests and the program.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    del sys.path[0]
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()
    _wait(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("handclasp", run_name="__main__", alter_sys=True)
