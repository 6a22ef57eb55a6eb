"""What was counted of a log: how many lines say the same of which server, of which clients, from when to when. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from handclasp.diagnose.log_parts import Parts, plain, time_of

MOST_GROUPS = 10_000
MOST_CLIENTS = 100_000
_LONGEST_REST = 64 * 1024


@dataclass(eq=False, slots=True)
class Tally:
    """Lines that say the same of one server. `example` is the first of them."""

    example: bytes = b""
    count: int = 0
    first: str | None = None
    last: str | None = None
    clients: Counter[bytes] = field(default_factory=Counter)


class LogCount:
    """What was counted so far. `full`: there was more to tell apart than is kept; the rest is counted together."""

    def __init__(self) -> None:
        self.tallies: dict[tuple[bytes, bytes], Tally] = {}
        self.octets = 0
        self.full = False
        self._clients = 0

    def greet(self, parts: Parts, line: Callable[[], bytes]) -> Tally:
        """Where lines with these parts are counted; the line is asked for when it is the first of them."""
        tally = self._tally(parts)
        if parts.client:
            self.admit(tally, parts.client)
        if not tally.example:
            text = line()
            tally.example, tally.first = plain(text), time_of(text)
        return tally

    def admit(self, tally: Tally, client: bytes) -> None:
        """Let a client be counted by its address, while there is room."""
        if client not in tally.clients:
            if self._clients < MOST_CLIENTS:
                tally.clients[client] = 0
                self._clients += 1
            else:
                self.full = True

    def merge(self, other: "LogCount") -> None:
        """Add what was counted of a later part of the same log."""
        self.octets += other.octets
        self.full |= other.full
        for (message, server), theirs in other.tallies.items():
            mine = self._tally(Parts(message, server, b""))
            if not mine.count:
                mine.example, mine.first = theirs.example, theirs.first
            mine.count += theirs.count
            mine.last = theirs.last
            for client, count in theirs.clients.items():
                if client:
                    self.admit(mine, client)
                mine.clients[client if client in mine.clients else b""] += count

    def _tally(self, parts: Parts) -> Tally:
        key = (parts.message, parts.server)
        if key not in self.tallies:
            if len(self.tallies) >= MOST_GROUPS:
                self.full = True
                key = (b"", b"")
            self.tallies.setdefault(key, Tally())
        return self.tallies[key]


def add(tally: Tally, client: bytes, count: int) -> None:
    """Count so many lines; of a client that was not admitted, with all such."""
    tally.count += count
    if client:
        tally.clients[client if client in tally.clients else b""] += count


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end where lines end; of a line longer than any, the beginning."""
    rest = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut] if rest else block[:cut]
            rest = block[cut:][:_LONGEST_REST]
        else:
            rest = (rest + block)[:_LONGEST_REST]
    if rest:
        yield rest + b"\n"
