"""nginx hosts of a fleet, for people and for programs, in English and Chinese."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from handclasp.model.text import Text, plural


class _Probed(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def seen(self) -> str: ...


class _Proof(Protocol):
    @property
    def ca(self) -> str: ...
    @property
    def number(self) -> int | None: ...
    @property
    def proven(self) -> bool: ...
    @property
    def why(self) -> str: ...


class _Report(Protocol):
    @property
    def nginx(self) -> str: ...
    @property
    def failed(self) -> str | None: ...
    @property
    def serving(self) -> bool: ...
    @property
    def probes(self) -> int: ...
    @property
    def wrong(self) -> tuple[_Probed, ...]: ...
    @property
    def crls(self) -> tuple[_Proof, ...]: ...


class _Noted(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def report(self) -> _Report: ...
    @property
    def refused_after(self) -> float | None: ...
    @property
    def proven_at(self) -> datetime | None: ...


class _Host(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def sites(self) -> tuple[str, ...]: ...
    @property
    def noted(self) -> _Noted | None: ...
    @property
    def current(self) -> bool: ...


_NONE = Text(en="There are no hosts.", zh="还没有任何主机。")
_SILENT = Text(en="has never reported", zh="从未上报")
_CURRENT = Text(en="in force, {proven} probe{s} came out as intended", zh="已生效，{proven} 项探测全部符合预期")
_IDLE = Text(en="the files are there, and no nginx runs with them", zh="文件已就位，但没有 nginx 在使用它们")
_BEHIND = Text(en="behind: it has not applied its newest orders yet", zh="落后：尚未应用最新的指令")
_FAILED = Text(en="failed: {why}; what was in force before still is", zh="失败：{why}；此前生效的配置仍在使用")
_SEEN = Text(en="    nginx {nginx}, reported {at} UTC", zh="    nginx {nginx}，上报于 {at} UTC")
_REFUSED = Text(en=", newest revocation in force after {seconds:.1f} s", zh="，最近一次吊销在 {seconds:.1f} 秒后生效")
_CRL = Text(
    en="CRL {number} of {ca} proven: a client that it revokes was refused as revoked, at every site",
    zh="已证明 {ca} 的 CRL {number} 生效：其中吊销的客户端在每个站点都被当作已吊销而拒绝",
)
_NO_CRL = Text(en="the CRL of {ca} is not proven: {why}", zh="{ca} 的 CRL 尚未得到证明：{why}")


def crl_line(proof: _Proof, lang: str) -> str:
    """What was seen of one CA's CRL."""
    words = _CRL if proof.proven else _NO_CRL
    return words.in_language(lang).format(ca=proof.ca, number=proof.number, why=proof.why)


def crls_json(proofs: Iterable[_Proof]) -> list[dict[str, Any]]:
    """The fields of each proof."""
    return [{"ca": one.ca, "number": one.number, "proven": one.proven, "why": one.why or None} for one in proofs]


def hosts_lines(found: Iterable[_Host], lang: str) -> Iterator[str]:
    """A few lines for each host."""
    empty = True
    for host in found:
        empty = False
        yield f"{host.name}  {_state(host, lang)}"
        yield f"    {', '.join(host.sites)}"
        if host.noted:
            words = _SEEN.in_language(lang).format(nginx=host.noted.report.nginx, at=f"{host.noted.at:%Y-%m-%d %H:%M:%S}")
            took = host.noted.refused_after
            yield words + (_REFUSED.in_language(lang).format(seconds=took) if took is not None else "")
            yield from (f"    {crl_line(one, lang)}" for one in host.noted.report.crls)
    if empty:
        yield _NONE.in_language(lang)


def _state(host: _Host, lang: str) -> str:
    if host.noted is None:
        return _SILENT.in_language(lang)
    if host.noted.report.failed is not None:
        return _FAILED.in_language(lang).format(why=host.noted.report.failed)
    if not host.current:
        return _BEHIND.in_language(lang)
    if not host.noted.report.serving:
        return _IDLE.in_language(lang)
    return _CURRENT.in_language(lang).format(
        proven=host.noted.report.probes,
        s=plural(host.noted.report.probes),
    )


def hosts_json(found: Iterable[_Host]) -> list[dict[str, Any]]:
    """The fields of each host."""
    return [
        {
            "name": host.name,
            "sites": list(host.sites),
            "current": host.current,
            "seen": host.noted.at if host.noted else None,
            "nginx": host.noted.report.nginx if host.noted else None,
            "serving": host.noted.report.serving if host.noted else None,
            "failed": host.noted.report.failed if host.noted else None,
            "refused_after_seconds": host.noted.refused_after if host.noted else None,
            "probes": host.noted.report.probes if host.noted else None,
            "crls": crls_json(host.noted.report.crls) if host.noted else [],
            "proven_at": host.noted.proven_at if host.noted else None,
            "wrong": _wrong(host.noted.report.wrong) if host.noted else [],
        }
        for host in found
    ]


def _wrong(probes: Iterable[_Probed]) -> list[dict[str, Any]]:
    return [{"name": one.name, "seen": one.seen} for one in probes]
