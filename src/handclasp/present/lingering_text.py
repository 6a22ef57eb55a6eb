"""Connections from before a reload, for people and for programs, in English and Chinese."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from handclasp.model.text import Text, plural


class _Worker(Protocol):
    @property
    def pid(self) -> int: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def connections(self) -> int: ...


class _Lingering(Protocol):
    @property
    def workers(self) -> tuple[_Worker, ...]: ...
    @property
    def bound(self) -> float | None: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def connections(self) -> int: ...


_OPEN = Text(
    en="{connections} connection{s} from before the reload {go} on in old workers, and {were} not asked again:",
    zh="{connections} 个重新加载之前的连接仍由旧的工作进程处理，未再次验证：",
)
_WORKER = Text(en="  worker {pid}: {connections} connection{s}", zh="  工作进程 {pid}：{connections} 个连接")
_SINCE = Text(en=", leaving since {since} UTC", zh="，自 {since} UTC 起正在退出")
_BOUNDED = Text(
    en="  they end by {until} UTC at the latest (worker_shutdown_timeout), and are refused when they come again",
    zh="  最迟于 {until} UTC 结束（worker_shutdown_timeout），再次连接时会被拒绝",
)
_ENDS_SOON = Text(
    en="  they end within {seconds:g} s (worker_shutdown_timeout), and are refused when they come again",
    zh="  将在 {seconds:g} 秒内结束（worker_shutdown_timeout），再次连接时会被拒绝",
)
_UNBOUNDED = Text(
    en="  nothing but their clients ends them: write worker_shutdown_timeout 1m; at the top of nginx.conf",
    zh="  除客户端外没有任何机制会结束它们：请在 nginx.conf 顶层写上 worker_shutdown_timeout 1m;",
)


def lingering_lines(found: _Lingering, lang: str) -> Iterator[str]:
    """Nothing when no old worker holds a connection."""
    if not found.connections:
        return
    yield _OPEN.in_language(lang).format(
        connections=found.connections,
        s=plural(found.connections),
        go=plural(found.connections, "goes", "go"),
        were=plural(found.connections, "was", "were"),
    )
    for worker in found.workers:
        since = _SINCE.in_language(lang).format(since=f"{worker.since:%H:%M:%S}") if worker.since else ""
        yield (
            _WORKER.in_language(lang).format(pid=worker.pid, connections=worker.connections, s=plural(worker.connections))
            + since
        )
    if found.bound is None:
        yield _UNBOUNDED.in_language(lang)
    elif found.until is None:
        yield _ENDS_SOON.in_language(lang).format(seconds=found.bound)
    else:
        yield _BOUNDED.in_language(lang).format(until=f"{found.until:%H:%M:%S}")


def lingering_json(found: _Lingering) -> dict[str, Any]:
    """The fields of it."""
    workers = [{"pid": one.pid, "since": one.since, "connections": one.connections} for one in found.workers]
    return {
        "connections": found.connections,
        "workers": workers,
        "worker_shutdown_timeout_seconds": found.bound,
        "until": found.until,
    }
