"""Reports of watched servers, in English and Chinese."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from handclasp.model.text import Text, plural
from handclasp.present.columns import table
from handclasp.present.visible import visible

_MOST_LINES = 8
_NOBODY = Text(en="nobody has come since {since}", zh="自 {since} 以来无人访问")
_SUM = Text(
    en="{name}, {first} to {last}: {requests} request{s}; {refused} of them would be refused",
    zh="{name}，{first} 至 {last}：{requests} 个请求；其中 {refused} 个将被拒绝",
)
_ALREADY = Text(
    en="{count} request{s} showed a certificate that nginx refuses even while it watches (expired)",
    zh="{count} 个请求出示了即使在观察期间 nginx 也会拒绝的证书（已过期）",
)
_HEADS = (
    Text(en="certificate", zh="证书"),
    Text(en="requests", zh="请求数"),
    Text(en="last", zh="最近"),
    Text(en="from then on", zh="此后"),
)
_IN = Text(en="gets in", zh="可进入")
_OUT = Text(en="REFUSED: {why}", zh="被拒绝：{why}")
_WITHOUT = Text(
    en="without a certificate, and refused from then on: {requests} request{s} from {clients} address{es}",
    zh="未出示证书、此后将被拒绝：来自 {clients} 个地址的 {requests} 个请求",
)
_BY = (Text(en="by path", zh="按路径"), Text(en="by program", zh="按程序"), Text(en="by address", zh="按地址"))
_UNSEEN = Text(en="may enter, and never came: {names}", zh="可进入但从未来访：{names}")
_MORE = Text(en="and {count} more", zh="等另外 {count} 个")
_UNREADABLE = Text(en="{count} line{s} of the log could not be read", zh="日志中有 {count} 行无法读取")
_WHYS = {
    "revoked": "已吊销",
    "expired": "已过期",
    "not in the register of this CA": "不在本 CA 的登记中",
    "not for clients": "不是客户端证书",
}


class _Visitor(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def requests(self) -> int: ...
    @property
    def last(self) -> datetime: ...
    @property
    def refused(self) -> str | None: ...


class _Without(Protocol):
    @property
    def requests(self) -> int: ...
    @property
    def clients(self) -> int: ...
    @property
    def by_path(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def by_agent(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def by_client(self) -> tuple[tuple[str, int], ...]: ...


class _Observation(Protocol):
    """See app.observe_report."""

    @property
    def name(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def first(self) -> datetime | None: ...
    @property
    def last(self) -> datetime | None: ...
    @property
    def requests(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def already(self) -> int: ...
    @property
    def visitors(self) -> tuple[_Visitor, ...]: ...
    @property
    def without(self) -> _Without: ...
    @property
    def unseen(self) -> tuple[str, ...]: ...
    @property
    def unreadable(self) -> int: ...


def observation_text(found: _Observation, lang: str) -> str:
    """The sum, the certificates, the requests without one, and who was never seen."""
    return "\n".join(_parts(found, lang))


def _parts(found: _Observation, lang: str) -> Iterator[str]:
    if found.first is None or found.last is None:
        yield _NOBODY.in_language(lang).format(since=_moment(found.since))
    else:
        yield _SUM.in_language(lang).format(
            name=visible(found.name),
            first=_moment(found.first),
            last=_moment(found.last),
            requests=found.requests,
            s=plural(found.requests),
            refused=found.refused,
        )
    if found.already:
        yield _ALREADY.in_language(lang).format(count=found.already, s=plural(found.already))
    if found.visitors:
        heads = tuple(head.in_language(lang) for head in _HEADS)
        yield from table([heads, *(_row(each, lang) for each in found.visitors)], indent="  ")
    if found.without.requests:
        without = found.without
        yield _WITHOUT.in_language(lang).format(
            requests=without.requests, s=plural(without.requests), clients=without.clients, es=plural(without.clients, "", "es")
        )
        for head, counts in zip(_BY, (without.by_path, without.by_agent, without.by_client), strict=True):
            yield f"  {head.in_language(lang)}"
            yield from table([(str(count), visible(what) or "-") for what, count in counts[:_MOST_LINES]], indent="    ")
    if found.unseen:
        rest = len(found.unseen) - _MOST_LINES
        more = f", {_MORE.in_language(lang).format(count=rest)}" if rest > 0 else ""
        yield _UNSEEN.in_language(lang).format(names=visible(", ".join(found.unseen[:_MOST_LINES])) + more)
    if found.unreadable:
        yield _UNREADABLE.in_language(lang).format(count=found.unreadable, s=plural(found.unreadable))


def _row(each: _Visitor, lang: str) -> tuple[str, ...]:
    why = each.refused and (_WHYS.get(each.refused, each.refused) if lang == "zh" else each.refused)
    fate = _OUT.in_language(lang).format(why=visible(why)) if why else _IN.in_language(lang)
    return visible(each.name), str(each.requests), _moment(each.last), fate


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"
