"""Two nginx processes that shake hands: the one under test, and its counterpart. The lab's door to the world."""

from dataclasses import dataclass, field
from typing import Protocol

from handclasp.model.nginx import NginxBuild

FOLDER = "@FOLDER@"
"""In the files of a Sheet: the folder that this side's files stand in, as its nginx sees it."""
OTHER = "@OTHER@"
"""In the files of a Sheet: the folder of the other side, as this side sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One run: files of both sides (relative path to content; each has an nginx.conf) and requests for one of them.

    `requests` are paths asked from `ask` (a Unix socket: "subject/plain.sock" or "counterpart/plain.sock"), each on
    a connection of its own. Both nginx configurations keep their error log in `error.log`.
    """

    subject: dict[str, bytes]
    counterpart: dict[str, bytes]
    ask: str
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A raw HTTP answer, headers in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What came of a Sheet: an answer for each request, in order, and the subject's whole error log.

    `refused` holds nginx's words when a side does not start (`refused_side`: subject or counterpart); no answers then.
    """

    answers: tuple[Answer | None, ...] = ()
    log: str = ""
    refused: str | None = None
    refused_side: str = "subject"


class Bench(Protocol):
    """Runs sheets on one nginx build."""

    def build(self) -> NginxBuild:
        """The build under test."""
        ...

    def run(self, sheet: Sheet) -> Sighting:
        """Start both sides, ask everything, stop both. WorldError when a side hangs."""
        ...
