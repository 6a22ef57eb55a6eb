"""What a plan means for people, in English and Chinese."""

from collections.abc import Iterator
from typing import Protocol

from handclasp.model.text import Text, plural
from handclasp.present.visible import visible

_MOST_NAMED = 8
_AUTHORITIES = Text(en="CAs trusted: {before} -> {after}", zh="受信任的 CA：{before} -> {after}")
_REVOKED = Text(en="revoked: {before} -> {after} (+{more} -{fewer})", zh="已吊销：{before} -> {after}（+{more} -{fewer}）")
_ENTERING = Text(en="who may enter {site}: {before} -> {after}", zh="可进入 {site} 的身份：{before} -> {after}")
_NO_SITE = Text(en="no site", zh="无此站点")
_SEEN = Text(
    en="clients let in during the last {days} day{s} that would now be refused: {refused} of {seen}",
    zh="最近 {days} 天内获准进入、此后将被拒绝的客户端：{refused} / {seen}",
)
_MORE = Text(en="and {count} more", zh="等 {count} 个")


class _Entering(Protocol):
    @property
    def site(self) -> str: ...
    @property
    def before(self) -> int | None: ...
    @property
    def after(self) -> int | None: ...
    @property
    def gained(self) -> tuple[str, ...]: ...
    @property
    def lost(self) -> tuple[str, ...]: ...


class _Effect(Protocol):
    """See app.apply_effect."""

    @property
    def authorities(self) -> tuple[int, int]: ...
    @property
    def revoked(self) -> tuple[int, int]: ...
    @property
    def newly_revoked(self) -> int: ...
    @property
    def unrevoked(self) -> int: ...
    @property
    def entering(self) -> tuple[_Entering, ...]: ...
    @property
    def seen(self) -> int: ...
    @property
    def refused(self) -> tuple[tuple[str, str], ...]: ...


def effect_text(effect: _Effect, days: int, lang: str) -> str:
    """Trust, revocations, a line for each site, and one for each client that would be refused."""
    (cas, cas_then), (revoked, revoked_then) = effect.authorities, effect.revoked
    lines = [
        _AUTHORITIES.in_language(lang).format(before=cas, after=cas_then),
        _REVOKED.in_language(lang).format(
            before=revoked, after=revoked_then, more=effect.newly_revoked, fewer=effect.unrevoked
        ),
        *(line for site in effect.entering for line in _site(site, lang)),
        _SEEN.in_language(lang).format(days=days, s=plural(days), refused=len(effect.refused), seen=effect.seen),
        *(f"  {visible(name)}: {visible(why)}" for name, why in effect.refused),
    ]
    return "\n".join(lines)


def _site(site: _Entering, lang: str) -> Iterator[str]:
    before, after = (_NO_SITE.in_language(lang) if count is None else count for count in (site.before, site.after))
    yield _ENTERING.in_language(lang).format(site=visible(site.site), before=before, after=after)
    for sign, names in (("+", site.gained), ("-", site.lost)):
        if names and site.before is not None and site.after is not None:
            rest = len(names) - _MOST_NAMED
            more = f", {_MORE.in_language(lang).format(count=rest)}" if rest > 0 else ""
            yield f"  {sign} {visible(', '.join(names[:_MOST_NAMED]))}{more}"
