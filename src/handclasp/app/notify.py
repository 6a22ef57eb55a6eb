"""Tells people what ends soon or needs care, once a day at most for the same news."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handclasp.app.audit import head_of
from handclasp.app.home import Home
from handclasp.app.status import Item, Status, status
from handclasp.model.errors import InputError
from handclasp.model.messages import ENGLISH, translate
from handclasp.model.text import Text, plural
from handclasp.ports.notify import Notifier, Unreached

_LAST = "notified"
"""Setting: when what was told last (time, digest)."""

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """What there was to tell, whether it was sent in this run, and the places that failed."""

    items: tuple[Item, ...]
    sent: bool
    failed: tuple[Unreached, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where notices go: an URL, and its line in the file."""

    url: str = field(repr=False)
    line: int


def notify(
    home: Home,
    notifier: Notifier,
    places: tuple[Place, ...],
    *,
    within: timedelta | None,
    every: timedelta,
    always: bool = False,
    lang: str = ENGLISH,
) -> Notified:
    """Send what `status` finds. The same news is repeated after `every`; other news goes out at once; none is no message.

    `always`: send also when all is well (to try the places out). `lang`: of what is sent; the same news in another is not new.
    """
    found = status(home, within=within)
    digest = hashlib.sha256("\n".join(f"{one.what}\n{one.action}" for one in found.items[:_MOST]).encode()).hexdigest()
    now = home.clock.now()
    if not always and (not found.items or _told(home, digest, now, every)):
        return Notified(items=found.items, sent=False, failed=())
    title, body = _letter(found, lang)
    noted = head_of(home).noted(lang)
    failed = notifier.send([place.url for place in places], title=title, body=f"{body}\n\n{noted}")
    if len(failed) < len(places):
        with home.changing("noting a notice"), home.store.begin() as transaction:
            transaction.set_value(_LAST, f"{now.isoformat()} {digest}")
    return Notified(items=found.items, sent=True, failed=failed)


def _letter(found: Status, lang: str) -> tuple[str, str]:
    """Title and text."""
    count, rest = len(found.items), len(found.items) - _MOST
    if not count:
        good = Text(en=f"{found.good} good certificate{plural(found.good)}.", zh=f"{found.good} 张有效证书。")
        return Text(en="Handclasp: all is well", zh="Handclasp：一切正常").in_language(lang), good.in_language(lang)
    needs = plural(count, "thing needs", "things need")
    title = Text(en=f"Handclasp: {count} {needs} care", zh=f"Handclasp：有 {count} 件事需要处理")
    lines = [f"- {translate(one.what, lang)}\n  {translate(one.action, lang)}" for one in found.items[:_MOST]]
    if rest > 0:
        lines.append(Text(en=f"and {rest} more: handclasp status", zh=f"另有 {rest} 件：handclasp status").in_language(lang))
    return title.in_language(lang), "\n".join(lines)


def read_places(content: bytes, *, where: str) -> tuple[Place, ...]:
    """One URL a line; empty lines and those with # are left out.

    Raises:
        InputError: there is none.
    """
    lines = enumerate(content.decode("utf-8", "replace").splitlines(), 1)
    places = tuple(Place(url=url, line=line) for line, text in lines if (url := text.strip()) and not url.startswith("#"))
    if not places:
        raise InputError("names no place", where=where, hint="one line each, for example: mailtos://user:password@mail.test")
    return places


def _told(home: Home, digest: str, now: datetime, every: timedelta) -> bool:
    at, _, known = (home.store.value(_LAST) or "").partition(" ")
    return known == digest and now < datetime.fromisoformat(at) + every
