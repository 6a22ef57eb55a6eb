"""A real nginx behind ports.Nginx: tested, started, reloaded and stopped, and never believed without looking.

An instance is told by the title of its master, `-p PREFIX -c CONFIG`, exactly as `start` ran it or in its owner's words, and by
what its binary was built with where the title is silent. The pid file is not asked: it may be stale, and a pid from it may by
now be anybody.
"""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from handclasp.adapters import nginx_binary, processes
from handclasp.adapters.local_nginx import MASTER, files_in_use
from handclasp.adapters.nginx_words import complaints, error_log, given_up, refused, text
from handclasp.model.errors import WorldError
from handclasp.model.nginx import NginxBuild
from handclasp.ports.nginx import OldWorker, TestResult

_WORKER = "nginx: worker process"
_LEAVING = "nginx: worker process is shutting down"
_POLL = 0.01
_TEST_SECONDS = 60.0  # a CRL of a million entries takes seconds to parse
_START_SECONDS = 20.0  # nginx itself tries five times, half a second apart, to bind a busy port
_RELOAD_SECONDS = 30.0
_STOP_SECONDS = 10.0
_NUDGE = 0.5


class NginxProcess:
    """ports.Nginx over one binary.

    Args:
        path: the binary; None finds it when first needed. Missing: WorldError naming the package.
    """

    def __init__(self, path: str | None = None) -> None:
        self._given = path

    @cached_property
    def path(self) -> str:
        """The binary that is run."""
        return nginx_binary.find(self._given)

    @cached_property
    def _build(self) -> NginxBuild:
        return nginx_binary.describe(self.path)

    def build(self) -> NginxBuild:
        """What `nginx -V` says, and the OpenSSL it really runs with."""
        return self._build

    def test(self, *, prefix: str, config: str) -> TestResult:
        """`nginx -t`: touches no running instance."""
        ran = nginx_binary.run([*self._argv(prefix, config), "-t"], seconds=_TEST_SECONDS)
        return TestResult(ok=ran.returncode == 0, output=ran.stderr.strip())

    def dump(self, *, prefix: str, config: str) -> str:
        """`nginx -T`: the whole configuration as nginx reads it. WorldError with nginx's words when it does not."""
        ran = nginx_binary.run([*self._argv(prefix, config), "-T"], seconds=_TEST_SECONDS)
        if ran.returncode:
            raise refused("nginx does not accept the configuration", ran.stderr, config)
        return ran.stdout

    def start(self, *, prefix: str, config: str) -> None:
        """Start as a daemon and wait until it has workers. nginx listens before it becomes a daemon, so then it serves.

        Raises:
            WorldError: it runs already; or nginx refuses, with its words in the hint, and a busy address named with its holder;
                or it does not come up.
        """
        if (running := self._master(prefix, config)) is not None:
            raise WorldError(f"this nginx runs already (pid {running})", where=prefix)
        with tempfile.TemporaryFile() as words:
            try:
                self._launch(self._argv(prefix, config), words)
                self._wait_for_workers(prefix, config, words)
            except BaseException:
                # Also on Ctrl-C: whatever came up half-way is no orphan. What is amid its execve has no words to be found by.
                _until(lambda: not any(map(processes.nameless, processes.children(os.getpid()))), _NUDGE)
                self.stop(prefix=prefix, config=config)
                raise

    def _wait_for_workers(self, prefix: str, config: str, words: BinaryIO) -> None:
        _until(lambda: self._serving(prefix, config) or not self._instances(prefix, config), _START_SECONDS)
        if not self._serving(prefix, config):
            raise refused("nginx did not come up", text(words), config)

    def _launch(self, argv: list[str], words: BinaryIO) -> None:
        """Run nginx until it has gone to the background. Its stderr is a file: a daemon would hold a pipe open."""
        with subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=nginx_binary.environment(),
            start_new_session=True,  # Ctrl-C is for us to handle; nginx must not get it too
        ) as launched:
            try:
                code = launched.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                launched.terminate()  # not kill: it takes its workers with it
                what = "nginx did not go to the background (is `daemon off` set?)"
                raise refused(what, text(words), argv[-1]) from None
        if code:
            raise refused("nginx does not start", text(words), argv[-1])

    def reload(self, *, prefix: str, config: str) -> None:
        """Reload and wait until the new worker generation serves and every old worker is leaving.

        Raises:
            WorldError: none runs; `nginx -t` refuses; or the running master refuses, which it says only in its error log
                (facts: a HUP with a broken file keeps the old configuration, and the sender learns nothing).
        """
        master = self._master(prefix, config)
        if master is None:
            raise WorldError("no nginx of this prefix runs", where=prefix)
        tested = self.test(prefix=prefix, config=config)
        if not tested.ok:
            raise refused("nginx does not accept the configuration", tested.output, config)
        self.renew(master, config, lambda: os.kill(master, signal.SIGHUP))

    @staticmethod
    def renew(master: int, config: str, reload: Callable[[], None]) -> None:
        """Have a master reload, and wait until its new workers serve and every old one is leaving.

        Raises:
            WorldError: it refuses, with the words of its error log.
        """
        old = frozenset(processes.children(master))  # whatever their titles: one that has just been forked has none yet
        with error_log(master) as log:
            reload()
            _until(lambda: _renewed(master, old) or given_up(complaints(log, master)), _RELOAD_SECONDS)
            said = complaints(log, master)
            if said or not _renewed(master, old):
                raise refused("nginx refused to reload and goes on with its old configuration", said, config)

    def stop(self, *, prefix: str, config: str) -> None:
        """Stop the instance of this prefix and wait until it and its workers are gone. Nothing happens when none runs.

        Raises:
            WorldError: it does not go, even when killed.
        """
        family: set[int] = set()

        def gone() -> bool:
            # Instances, not masters alone: one that is just starting has no such title yet. And twice: what goes to the
            # background between the listing of processes and the look at them is seen the second time, by its child.
            for _ in range(2):
                family.update(pid for each in self._instances(prefix, config) for pid in (each, *processes.children(each)))
                if any(_is_nginx(pid) for pid in family):
                    return False
            return True

        for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS)):
            deadline = time.monotonic() + seconds
            while not gone():
                # Again and again: a signal that comes between its start and its main loop is forgotten by nginx.
                for pid in self._instances(prefix, config) if number == signal.SIGTERM else family:
                    if _is_nginx(pid):
                        _signal(pid, number)
                if _until(gone, _NUDGE) or time.monotonic() > deadline:
                    break
        if not gone():
            raise WorldError(f"nginx (pid {', '.join(map(str, sorted(family)))}) does not stop", where=prefix)

    def old_workers(self, *, prefix: str, config: str) -> tuple[OldWorker, ...]:
        """Workers that are shutting down; each since the next younger generation was started."""
        master = self._master(prefix, config)
        family = processes.children(master) if master is not None else ()
        leaving = [pid for pid in family if processes.title(pid).startswith(_LEAVING)]
        if not leaving:
            return ()  # what follows reads all of /proc/net/tcp
        boot = processes.booted()
        started = {pid: moment for pid in family if (moment := processes.started(pid, boot)) is not None}
        open_now = processes.served_connections()
        return tuple(
            OldWorker(
                pid=pid,
                since=min((moment for moment in started.values() if pid in started and moment > started[pid]), default=None),
                connections=processes.count_held(pid, open_now),
            )
            for pid in leaving
        )

    def cut(self, *, prefix: str, config: str) -> int:
        """SIGTERM: a worker that is leaving goes at once, and the master starts no other in its place.

        Raises:
            WorldError: one does not go.
        """
        old = [worker.pid for worker in self.old_workers(prefix=prefix, config=config)]
        for pid in old:
            _signal(pid, signal.SIGTERM)
        if not _until(lambda: not any(processes.title(pid).startswith(_LEAVING) for pid in old), _STOP_SECONDS):
            raise WorldError("an old worker of nginx does not end", where=config, hint=f"its pid is one of {old}")
        return len(old)

    def running(self, *, prefix: str, config: str) -> bool:
        """Whether a master process of this prefix is alive."""
        return self._master(prefix, config) is not None

    def _argv(self, prefix: str, config: str) -> list[str]:
        folder = _canonical(prefix)
        return [self.path, "-p", folder, "-c", os.path.normpath(Path(folder) / config)]

    def _instances(self, prefix: str, config: str) -> list[int]:
        """Processes run with this prefix and configuration, whether or not they have become a master yet."""
        *_, folder, _dash_c, file = self._argv(prefix, config)
        return [pid for pid in processes.pids() if self._runs(pid, folder, file) and processes.in_our_pid_namespace(pid)]

    def _runs(self, pid: int, folder: str, file: str) -> bool:
        """As `start` runs it; or a master whose owner said the same in other words.

        What its title leaves out is its binary's default: that is how a distribution's service runs.
        """
        title = processes.title(pid)
        if f" -p {folder} -c {file} " in f"{title} ":
            return True
        return title.startswith(MASTER) and files_in_use(pid, title, self._defaults) == (folder, file)

    @cached_property
    def _defaults(self) -> nginx_binary.Defaults:
        return nginx_binary.defaults(self.path)

    def _master(self, prefix: str, config: str) -> int | None:
        """The pid of our master; the newest if there are two (a binary upgrade in progress).

        A worker carries its master's title until it has given itself one: a child without children is no master yet.
        """
        ours = {pid for pid in self._instances(prefix, config) if processes.title(pid).startswith(MASTER)}
        return max((pid for pid in ours if processes.parent(pid) not in ours or processes.children(pid)), default=None)

    def _serving(self, prefix: str, config: str) -> bool:
        master = self._master(prefix, config)
        return master is not None and bool(_workers(master))


def _canonical(prefix: str) -> str:
    return os.path.normpath(Path(prefix).absolute())


def _until(condition: Callable[[], object], seconds: float) -> bool:
    """Poll until `condition` holds; False when it still does not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it went by itself between the look and the signal: what was wanted
        os.kill(pid, number)


def _is_nginx(pid: int) -> bool:
    """Whether the pid still belongs to an nginx, and not to somebody who got it afterwards."""
    return bool(re.match(r"nginx: |\S*nginx\S* -p ", processes.title(pid)))


def _workers(master: int) -> frozenset[int]:
    """Workers that take new connections: not those that finish old ones, nor cache managers."""
    titles = {pid: processes.title(pid) for pid in processes.children(master)}
    return frozenset(pid for pid, name in titles.items() if name.startswith(_WORKER) and not name.startswith(_LEAVING))


def _renewed(master: int, old: frozenset[int]) -> bool:
    now = _workers(master)
    return bool(now) and not now & old
