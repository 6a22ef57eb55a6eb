"""Tells people what ends soon or needs care, once a day at most for the same news."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.app.home import Home
from handclasp.app.status import Item, status
from handclasp.model.errors import InputError
from handclasp.model.text import plural
from handclasp.ports.notify import Notifier

_LAST = "notified"
"""Setting: when what was told last (time, digest)."""

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """What there was to tell, whether it was sent in this run, and the schemes of places that failed."""

    items: tuple[Item, ...]
    sent: bool
    failed: tuple[str, ...]


def notify(
    home: Home, notifier: Notifier, places: tuple[str, ...], *, within: timedelta | None, every: timedelta, always: bool = False
) -> Notified:
    """Send what `status` finds. The same news is repeated after `every`; other news goes out at once; none is no message.

    `always`: send also when all is well (to try the places out).
    """
    found = status(home, within=within)
    lines = [f"- {one.what}\n  {one.action}" for one in found.items[:_MOST]]
    if len(found.items) > _MOST:
        lines.append(f"and {len(found.items) - _MOST} more: handclasp status")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    now = home.clock.now()
    if not always and (not found.items or _told(home, digest, now, every)):
        return Notified(items=found.items, sent=False, failed=())
    title = (
        f"Handclasp: {len(found.items)} {plural(len(found.items), 'thing needs', 'things need')} care"
        if found.items
        else "Handclasp: all is well"
    )
    failed = notifier.send(places, title=title, body="\n".join(lines) or f"{found.good} good certificate{plural(found.good)}.")
    if len(failed) < len(places):
        with home.changing("noting a notice"), home.store.begin() as transaction:
            transaction.set_value(_LAST, f"{now.isoformat()} {digest}")
    return Notified(items=found.items, sent=True, failed=failed)


def read_places(content: bytes, *, where: str) -> tuple[str, ...]:
    """One URL a line; empty lines and those with # are left out.

    Raises:
        InputError: there is none.
    """
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    places = tuple(line for line in lines if line and not line.startswith("#"))
    if not places:
        raise InputError("names no place", where=where, hint="one line each, for example: mailtos://user:password@mail.test")
    return places


def _told(home: Home, digest: str, now: datetime, every: timedelta) -> bool:
    at, _, known = (home.store.value(_LAST) or "").partition(" ")
    return known == digest and now < datetime.fromisoformat(at) + every
