"""Which configuration an nginx runs with, for people and for programs, in English and Chinese."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from handclasp.model.text import Text
from handclasp.present.visible import visible


class _Interrupted(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def about(self) -> str: ...
    @property
    def forward(self) -> bool: ...
    @property
    def switched(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def runs(self) -> str: ...


class _InForce(Protocol):
    @property
    def loaded(self) -> datetime | None: ...
    @property
    def newer(self) -> tuple[str, ...]: ...
    @property
    def interrupted(self) -> _Interrupted | None: ...


_INTERRUPTED = Text(
    en="an apply ({about}) was interrupted at {at} UTC: {switched} of {total} files are the new ones; nginx runs with {what}",
    zh="一次应用（{about}）在 {at} UTC 中断：{total} 个文件中有 {switched} 个是新的；nginx 运行的是{what}",
)
_RUNS = {
    "former": Text(en="the configuration from before it", zh="中断之前的配置"),
    "new": Text(en="the new configuration", zh="新配置"),
    "mixed": Text(
        en="a mixture: it was reloaded before all files were switched", zh="新旧混合的配置：文件尚未全部切换时它被重新加载了"
    ),
    "unknown": Text(en="what it read when it started, if it runs", zh="它启动时读取的内容（如果正在运行）"),
}
_BACK = Text(en="  the next apply puts the former files back", zh="  下一次应用会先恢复原来的文件")
_ON = Text(en="  it revokes somebody: the next apply completes it", zh="  它会吊销客户端：下一次应用会先完成它")
_NEWER = Text(
    en="nginx read its files at {at} UTC; changed since, and not in force before a reload: {paths}",
    zh="nginx 于 {at} UTC 读取了文件；此后有改动、重新加载前不生效的有：{paths}",
)


def in_force_lines(found: _InForce, lang: str) -> Iterator[str]:
    """Nothing where nginx runs with what is on disk, and where nothing is known."""
    half = found.interrupted
    if half is not None:
        yield _INTERRUPTED.in_language(lang).format(
            about=visible(half.about),
            at=f"{half.at:%Y-%m-%d %H:%M:%S}",
            switched=half.switched,
            total=half.total,
            what=_RUNS[half.runs].in_language(lang),
        )
        yield (_ON if half.forward else _BACK).in_language(lang)
    elif found.newer and found.loaded:
        paths = ", ".join(map(visible, found.newer))
        yield _NEWER.in_language(lang).format(at=f"{found.loaded:%Y-%m-%d %H:%M:%S}", paths=paths)


def in_force_json(found: _InForce) -> dict[str, Any]:
    """The fields of it."""
    half = found.interrupted
    names = ("at", "about", "forward", "switched", "total", "runs")
    said = {name: getattr(half, name) for name in names} if half else None
    return {"loaded": found.loaded, "changed_since": list(found.newer), "interrupted": said}
