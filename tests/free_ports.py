"""Ports for servers under test that nobody else takes meanwhile, however many runs of these tests share the machine.

A port that the kernel has just found free may be anybody's by the time a server is started on it: the kernel gives it to the
next client that connects somewhere. So ports come from outside the range that it gives to clients, and from a block that this
process has for itself while it lives: a name among abstract Unix sockets says so to the others.
"""

import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from pathlib import Path

_SIZE = 500
_LOWEST, _HIGHEST = 10_000, 65_535
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, and that no other test is given."""
    return next(port for port in _block() if _is_free(port))


@cache
def _block() -> Iterator[int]:
    """Its ports, over and over: one is given again only after all the others."""
    for first in _firsts():
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0handclasp-tests-ports-{first}")
        except OSError:
            claim.close()
        else:
            claim.detach()  # open until this process ends
            return cycle(range(first, first + _SIZE))
    raise AssertionError("every block of ports is taken by other runs of these tests")


def _firsts() -> Iterator[int]:
    low, high = map(int, _RANGE.read_text().split())
    everything = (_LOWEST, _HIGHEST + 1)  # the last resort, on a machine that gives clients nearly all
    for begin, end in ((_LOWEST, low), (high + 1, _HIGHEST + 1), everything):
        yield from range(begin, end - _SIZE + 1, _SIZE)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
