"""Hosts on a network of our own: namespaces of the kernel, joined by virtual cables that can be cut.

Root makes them directly; anybody else inside a user namespace, where that is allowed. Where neither is, the test fails.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

ROOT = os.geteuid() == 0
MIDDLE = "10.77.0.1"


@dataclass(frozen=True)
class Host:
    """`place`: in front of a command that runs there. `number`: that of its cable to the middle, which can be cut."""

    place: tuple[str, ...]
    number: int = 0


@dataclass(frozen=True)
class Network:
    """One host in the middle, at MIDDLE, and others that see nobody but it."""

    middle: Host
    hosts: tuple[Host, ...]

    def cut(self, host: Host) -> None:
        """What either side sends is lost, and neither is told: it goes to a station that is not there."""
        for place, device, address in self._ends(host):
            _there(place, "ip", "neigh", "replace", address, "lladdr", "02:00:00:00:00:77", "dev", device, "nud", "permanent")

    def mend(self, host: Host) -> None:
        for place, device, address in self._ends(host):
            _there(place, "ip", "neigh", "del", address, "dev", device)

    def _ends(self, host: Host) -> tuple[tuple[Host, str, str], ...]:
        cable = f"10.77.{host.number}"
        return (self.middle, f"cable{host.number}", f"{cable}.2"), (host, "eth0", f"{cable}.1")


@contextmanager
def network(count: int) -> Iterator[Network]:
    assert shutil.which("ip"), "apt-get install iproute2"
    with ExitStack() as stack:
        middle, _ = stack.enter_context(_namespace(("unshare", "-n") if ROOT else ("unshare", "-c", "--keep-caps", "-n")))
        _there(middle, "ip", "link", "set", "lo", "up")
        _there(middle, "ip", "addr", "add", f"{MIDDLE}/32", "dev", "lo")
        hosts = []
        for number in range(1, count + 1):
            made, pid = stack.enter_context(_namespace((*middle.place, "unshare", "-n")))
            host, cable = Host(place=made.place, number=number), f"cable{number}"
            _there(middle, "ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
            _there(middle, "ip", "addr", "add", f"10.77.{number}.1/24", "dev", cable)
            _there(middle, "ip", "link", "set", cable, "up")
            _there(host, "ip", "addr", "add", f"10.77.{number}.2/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _there(host, "ip", "link", "set", device, "up")
            _there(host, "ip", "route", "add", "default", "via", f"10.77.{number}.1")
            hosts.append(host)
        yield Network(middle=middle, hosts=tuple(hosts))


@contextmanager
def _namespace(make: tuple[str, ...]) -> Iterator[tuple[Host, int]]:
    """A process keeps it for as long as its input is open."""
    with subprocess.Popen(
        [*make, "sh", "-c", "echo $$; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        pid = int(keeper.stdout.readline() or "0")
        assert pid, f"the kernel gives no network namespace: {' '.join(make)}"
        user = () if ROOT else ("-U", "--preserve-credentials")
        try:
            yield Host(place=("nsenter", "-t", str(pid), *user, "-n", "--")), pid
        finally:
            keeper.stdin.close()


def _there(host: Host, *command: str) -> str:
    done = subprocess.run([*host.place, *command], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout
