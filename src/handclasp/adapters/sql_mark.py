"""Marks in a registry that is not the one in use: it was moved away, or its move here has not ended.

They are rows among the settings, so they are as durable as what they protect. Whoever opens a registry, changes it or asks for
its version looks for them, in every process on every host; only a move itself does not.
"""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from os.path import abspath
from typing import Any

from sqlalchemy import select

from handclasp.adapters import sql_tables as tables
from handclasp.model.errors import WorldError

GONE, ARRIVING = "registry_moved_to", "registry_arriving_from"
"""The settings; empty is none. The first says where a registry went, the second where it comes from."""

_SETTING = tables.setting.c
MARKS = select(_SETTING.key, _SETTING.value).where(_SETTING.key.in_((GONE, ARRIVING)))
GONE_TO = f"SELECT value FROM setting WHERE key = '{GONE}'"  # noqa: S608 - a name of ours
"""For connections that are the driver's own."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Where a registry went, and when. `mark`: the setting that says so."""

    to: str
    at: datetime
    mark: str = GONE

    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"to": self.to, "at": self.at.isoformat()})


def gone_of(text: str) -> Gone:
    """What `Gone.text` gave."""
    found = json.loads(text)
    return Gone(found["to"], datetime.fromisoformat(found["at"]))


def file_here(path: str) -> str:
    """A file of this machine, in words that mean something on another."""
    return f"{socket.gethostname()}:{abspath(path)}"


def refuse_marked(rows: Iterable[Any], where: str) -> None:
    """WorldError when there is a mark. `rows`: key and value, from MARKS."""
    for key, value in rows:
        if value and key == GONE:
            refuse_gone(value, where)
        if value and key == ARRIVING:
            raise WorldError(
                f"the registry is on its way here from {value}, and not in use yet",
                where=where,
                hint="if that move was cut off, run it again: handclasp store migrate",
            )


def refuse_gone(text: str | None, where: str) -> None:
    """WorldError when a registry went elsewhere. `text`: the value of GONE."""
    if not text:
        return
    gone = gone_of(text)
    raise WorldError(
        f"this registry was moved to {gone.to} on {gone.at:%Y-%m-%d %H:%M} UTC, and nobody may use it any more",
        where=where,
        hint="go on with the registry there\n"
        "if the move was cut off: handclasp store migrate again, on the host where it was begun\n"
        "if the registry there is lost: handclasp store reopen",
    )
