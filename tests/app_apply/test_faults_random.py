"""Generated intents, and something that goes wrong between a good test and the reload, or kills the run anywhere.

Whatever it is: nginx serves the old configuration whole or the new one, status says which, and the next apply gets there.

HANDCLASP_FAULTS=40 makes more of them.
"""

import os
import random
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from handclasp.adapters import processes
from handclasp.adapters.nginx_process import NginxProcess
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.app.apply import Way
from handclasp.app.apply_place import private_place
from handclasp.app.apply_site import apply_sites
from handclasp.app.intent_file import read_intent
from handclasp.model.errors import HandclaspError
from handclasp.model.probe import ClientIdentity, ProbeRequest
from tests.app_apply.bench import Bench
from tests.http_rig import Application, serving
from tests.nginx_rig import free_port
from tests.waiting import eventually

NAMES = ("s0.app.test", "s1.app.test", "s2.app.test")
_LISTS = ("", 'allow = ["alice"]', 'allow = ["bob"]', 'allow = ["*"]')
_FREE = ("", 'free_from = ["10.0.0.0/8"]', 'free_from = ["any"]')
_CA = ("", 'client_ca = "issuing"')
_RATE = ("", 'rate = { clients = "1000r/s" }')
_OCSP = ("", 'tls = "modern"')


def generated(chance: random.Random, ports: tuple[int, ...], service: int) -> str:
    """A handclasp.toml: the same names on the same addresses each time, and one of its sites may pass bytes."""
    upstreams = ("", f'upstream = {{ url = "http://127.0.0.1:{service}" }}')
    tls = chance.choice(_OCSP)
    parts = []
    for number, name in enumerate(NAMES):
        where = f'server_names = ["{name}"]\nlisten = ["127.0.0.1:{ports[number % 2]}"]\n{tls}\n'
        lines = (chance.choice(choices) for choices in (_LISTS, _FREE, _CA, upstreams, _RATE))
        parts.append("[[site]]\n" + where + "".join(f"{line}\n" for line in lines if line))
    if chance.random() < 0.5:
        passed = f'server_names = ["db.app.test"]\nlisten = ["127.0.0.1:{ports[2]}"]\n{chance.choice(_LISTS)}\n'
        parts.append(f'[[site]]\n{passed}upstream = {{ url = "tcp://127.0.0.1:{service}" }}\n')
    return "\n".join(parts)


class Told(Application):
    """A service that answers."""

    def respond(self) -> None:
        self.answer(b"here")


@dataclass
class Scene:
    """One nginx of the home, and what is about to happen to it. `stack` is closed when the test ends."""

    bench: Bench
    ports: tuple[int, ...]
    chance: random.Random
    stack: ExitStack
    others: "list[subprocess.Popen[str]]" = field(default_factory=list)
    held: list[socket.socket] = field(default_factory=list)

    def file(self, text: str) -> Path:
        path = self.bench.ca.home / "handclasp.toml"
        path.write_text(text)
        return path

    def apply(self, text: str) -> None:
        self.bench.ca.run("nginx", "apply", "--file", str(self.file(text)))

    def answers(self) -> tuple[int | None, ...]:
        """What each of these gets at each site."""
        return tuple(self._ask(number, who) for number in range(len(NAMES)) for who in (None, "alice", "bob"))

    def _ask(self, number: int, who: str | None) -> int | None:
        identity = None
        if who is not None:
            chain, key = (self.bench.ca.identity(who, file).read_bytes() for file in ("chain.pem", "key.pem"))
            identity = ClientIdentity(certificate_chain=chain, private_key=key)
        name, port = NAMES[number], self.ports[number % 2]
        request = ProbeRequest(address="127.0.0.1", port=port, sni=name, host=name, path="/", identity=identity)
        return TlsProbe().ask(request).status

    def whole(self, old: tuple[int | None, ...], new: tuple[int | None, ...]) -> bool:
        """Whether everybody gets what one of the two says, and the one that status names; or nginx is dead."""
        said, found = self.bench.ca.json("nginx", "status")["interrupted"], self.answers()
        if not self.bench.masters():
            return not any(found)
        return found in (old, new) if said is None else found == {"former": old, "new": new}[said["runs"]]

    def written(self) -> list[Path]:
        return [self.bench.prefix / name for name in self.bench.files() if name.startswith(("pki/", "sites/"))]


def _kill(scene: Scene) -> None:
    for pid in [*scene.bench.masters(), *(one for master in scene.bench.masters() for one in processes.children(master))]:
        os.kill(pid, signal.SIGKILL)


def _take_port(scene: Scene) -> None:
    """Of a site that is new; where there is none nothing happens."""
    held = scene.stack.enter_context(socket.socket())
    scene.held.append(held)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", scene.ports[2]))
    except OSError:
        return
    held.listen()


def _delete(scene: Scene) -> None:
    scene.chance.choice(scene.written()).unlink()


def _cut(scene: Scene) -> None:
    path = scene.chance.choice([one for one in scene.written() if one.suffix == ".pem"])
    path.write_bytes(path.read_bytes()[:200])


def _renew(scene: Scene) -> None:
    scene.bench.ca.run("rekey", "s0.app.test")


def _reload(scene: Scene) -> None:
    for pid in scene.bench.masters():
        os.kill(pid, signal.SIGHUP)


def _revoke(scene: Scene) -> None:
    """Somebody who is on no list."""
    scene.bench.ca.run("issue", "carol")
    scene.others.append(scene.bench.ca.start("revoke", "carol"))


def _second(scene: Scene) -> None:
    scene.others.append(scene.bench.ca.start("nginx", "apply"))


HARMS: dict[str, Callable[[Scene], None]] = {
    "second": _second, "port": _take_port, "deleted": _delete, "cut": _cut, "rekeyed": _renew, "reloaded": _reload,
    "revoked": _revoke, "killed": _kill,
}  # fmt: skip
KILLED = "handclasp killed"


class Disturbed(NginxProcess):
    """An nginx to which something happens once, between a good test and the reload."""

    def __init__(self, harm: Callable[[], None]) -> None:
        super().__init__()
        self._harm: Callable[[], None] | None = harm

    def reload(self, *, prefix: str, config: str) -> None:
        harm, self._harm = self._harm, None
        if harm is not None:
            harm()
        super().reload(prefix=prefix, config=config)


def disturbed(scene: Scene, harm: str, text: str) -> None:
    """An apply that is disturbed; however it ends."""
    path = scene.file(text)
    if harm == KILLED:
        process = scene.bench.ca.start("nginx", "apply", "--file", str(path))
        threading.Event().wait(scene.chance.uniform(0.3, 4))
        process.kill()
        process.communicate()
        return
    world = scene.bench.ca.world
    orders = read_intent(path.read_bytes(), str(path)).sites
    gear = replace(world.gear, nginx=Disturbed(lambda: HARMS[harm](scene)))
    try:
        apply_sites(world.ca, gear, lambda: orders, place=private_place(world.ca), way=Way())
    except HandclaspError as error:
        assert error.exit_code in {1, 4, 5}, error


@pytest.mark.parametrize("seed", range(int(os.environ.get("HANDCLASP_FAULTS", "2"))))
def test_old_or_new_and_nothing_between(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    harm = (KILLED, *HARMS)[seed % (len(HARMS) + 1)]
    with ExitStack() as stack:
        scene = Scene(bench, (free_port(), free_port(), free_port()), chance, stack)
        service = stack.enter_context(serving(Told))
        texts = [generated(chance, scene.ports, service) for _ in range(2)]
        seen = []
        for text in reversed(texts):
            scene.apply(text)
            seen.append(scene.answers())
        new, old = seen
        disturbed(scene, harm, texts[1])
        for process in scene.others:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, (harm, out, err)
        if harm == KILLED:  # nginx may be reloading, with nobody who waits for it
            eventually(lambda: scene.whole(old, new))
        else:
            assert scene.whole(old, new), (harm, old, new, scene.answers())
        for held in scene.held:
            held.close()
        scene.apply(texts[1])
        assert scene.answers() == new, harm
        assert bench.ca.json("nginx", "status")["changed_since"] == []
        bench.assert_clean()
