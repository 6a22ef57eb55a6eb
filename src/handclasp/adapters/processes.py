"""What /proc says about processes: titles, children, and who holds a listening port. Linux only; nothing here signals."""

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED, _LISTEN = "01", "0A"  # in /proc/net/tcp (include/net/tcp_states.h)


def title(pid: int) -> str:
    """The command line as `ps` shows it; empty when the process is gone or a zombie."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return raw.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace").rstrip()


def nameless(pid: int) -> bool:
    """Whether it runs a program and has no command line yet, as in the middle of execve(2); a zombie runs none."""
    if title(pid):
        return False
    with contextlib.suppress(OSError):
        return bool((_PROC / str(pid) / "exe").readlink())
    return False


def pids() -> Iterator[int]:
    """Every process that /proc shows now."""
    for name in os.listdir(_PROC):
        if name.isdecimal():
            yield int(name)


def children(pid: int) -> tuple[int, ...]:
    """Direct children; empty when the process is gone."""
    try:
        listed = (_PROC / str(pid) / "task" / str(pid) / "children").read_text()
    except FileNotFoundError:
        # The file exists only on kernels with CONFIG_PROC_CHILDREN; without it the parents of all processes are read.
        return tuple(other for other in pids() if parent(other) == pid)
    except OSError:
        return ()
    return tuple(int(word) for word in listed.split())


def parent(pid: int) -> int | None:
    """The parent's pid; None when the process is gone."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def booted() -> float:
    """When the kernel started, in seconds since the epoch by today's clock. The btime of /proc/stat is cut to whole seconds."""
    return time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_BOOTTIME)


def started(pid: int, boot: float) -> datetime | None:
    """When a process was started, counted from `booted()`; None when it is gone. The same tick gives the same moment.

    Field 22 of /proc/PID/stat holds the whole ticks since boot (proc(5)), so the tick after it is told: files that were written
    just before the process must not seem newer than it.
    """
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    ticks = int(stat.rpartition(")")[2].split()[19]) + 1
    return datetime.fromtimestamp(boot + ticks / os.sysconf("SC_CLK_TCK"), UTC)


def in_our_pid_namespace(pid: int) -> bool:
    """False for the process of a container that merely looks like ours, and for one whose namespace we may not see."""
    try:
        return (_PROC / str(pid) / "ns" / "pid").readlink() == Path("/proc/self/ns/pid").readlink()
    except OSError:
        return False


def free_port() -> int:
    """A TCP port of 127.0.0.1 that the kernel has just found free."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def served_connections() -> frozenset[str]:
    """Inode numbers of the established TCP connections to ports that somebody here listens on."""
    rows = [fields for table in ("tcp", "tcp6") for fields in _rows(table)]
    ports = {fields[1].rpartition(":")[2] for fields in rows if fields[3] == _LISTEN}
    return frozenset(fields[9] for fields in rows if fields[3] == _ESTABLISHED and fields[1].rpartition(":")[2] in ports)


def count_held(pid: int, inodes: frozenset[str]) -> int:
    """How many of these connections a process holds; 0 when we may not look."""
    return len(_sockets(pid) & inodes)


def _rows(table: str) -> Iterator[list[str]]:
    try:
        lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    except OSError:
        return
    yield from (line.split() for line in lines)


def listener(address: str, port: int) -> str | None:
    """Who listens on a TCP address, as "TITLE (pid N)"; None when nobody does or it is hidden from us."""
    inodes = set(_listening_inodes(address, port))
    if not inodes:
        return None
    for pid in pids():
        if _sockets(pid) & inodes and (name := title(pid)):
            return f"{name} (pid {pid})"
    return None


def _listening_inodes(address: str, port: int) -> Iterator[str]:
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for fields in _rows(table):
            held, _, held_port = fields[1].partition(":")
            if fields[3] == _LISTEN and int(held_port, 16) == port and _overlap(_unpack(held, family), address):
                yield fields[9]


def _unpack(text: str, family: socket.AddressFamily) -> str:
    """The kernel writes addresses as 32-bit words in host byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))


def _overlap(one: str, other: str) -> bool:
    wildcards = {"0.0.0.0", "::", "*"}  # noqa: S104 - compared with, never bound
    return one == other.strip("[]") or one in wildcards or other.strip("[]") in wildcards


def _sockets(pid: int) -> set[str]:
    """Inode numbers of the sockets a process holds; empty when we may not look."""
    folder = _PROC / str(pid) / "fd"
    found: set[str] = set()
    with contextlib.suppress(OSError):  # it may go, or close a file, while we look
        for name in os.listdir(folder):
            target = str((folder / name).readlink())
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found
