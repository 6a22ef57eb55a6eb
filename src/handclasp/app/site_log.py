"""What nginx noted of one connection in a site's log: a line that comes when the connection, or its answer, is over."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from handclasp.app.apply_state import Gear

_TURNS = 100
_PAUSE_SECONDS = 0.1
_MOST_BYTES = 1024 * 1024
_OLDEST = timedelta(seconds=10)
"""How much older than the question a line may be: nginx has whole seconds, and a container may have another clock."""


class Note(msgspec.Struct, frozen=True):
    """The fields that matter here; `uri` is of http{}; `port`, and `upstream` where the client was let through, of stream{}."""

    time: datetime
    verify: str = ""
    serial: str = ""
    uri: str = ""
    port: str = ""
    status: str = ""
    upstream: str = ""


def awaited(gear: Gear, path: str, mine: Callable[[Note], bool]) -> Note | None:
    """The newest line that is `mine`, waited for; None when there is none in the end.

    Ports of clients come again: what was noted long before is nobody's who asks now.
    """
    since = gear.clock.now() - _OLDEST
    for turn in range(_TURNS):
        if turn:
            gear.pause(_PAUSE_SECONDS)
        text = gear.files.tail(path, _MOST_BYTES) if gear.files.exists(path) else b""
        for raw in reversed(text.splitlines()):
            try:
                note = msgspec.json.decode(raw, type=Note)
            except msgspec.DecodeError:
                continue  # a line that the limit, or a full disk, cut in two
            if note.time < since:
                break
            if mine(note):
                return note
    return None
