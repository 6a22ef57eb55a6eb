"""An nginx that can be asked, tested, started and told to reload."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handclasp.model.nginx import NginxBuild


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What `nginx -t` said; `ok` is its exit status, `output` its words (stderr)."""

    __test__ = False

    ok: bool
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldWorker:
    """A worker of an earlier configuration that finishes its connections. `since`: when the next generation took over."""

    pid: int
    since: datetime | None
    connections: int


class Nginx(Protocol):
    """One nginx binary run with `-p prefix -c config`. Failures of the process itself are WorldError."""

    def build(self) -> NginxBuild:
        """What `nginx -V` says, and the OpenSSL it really runs with."""
        ...

    def test(self, *, prefix: str, config: str) -> TestResult:
        """`nginx -t`: touches no running instance."""
        ...

    def dump(self, *, prefix: str, config: str) -> str:
        """`nginx -T`: the whole configuration as nginx reads it."""
        ...

    def start(self, *, prefix: str, config: str) -> None:
        """Start as a daemon and wait until it listens."""
        ...

    def reload(self, *, prefix: str, config: str) -> None:
        """Reload and wait until the new worker generation serves; WorldError with nginx's words when it does not."""
        ...

    def stop(self, *, prefix: str, config: str) -> None:
        """Stop the instance of this prefix and wait until it is gone. Nothing happens when none runs."""
        ...

    def old_workers(self, *, prefix: str, config: str) -> tuple[OldWorker, ...]:
        """The workers that go on with an earlier configuration until their clients, or worker_shutdown_timeout, end them."""
        ...

    def cut(self, *, prefix: str, config: str) -> int:
        """End those workers now, with all their connections, and wait until they are gone; how many there were."""
        ...

    def running(self, *, prefix: str, config: str) -> bool:
        """Whether a master process of this prefix is alive."""
        ...
