"""Counts a log by a table that knows lines of the usual form; reads the others, and one of each message. Pure: bytes in."""

from collections.abc import Iterable
from itertools import islice

from handclasp.diagnose.log_parts import Parts, dissect, time_in, time_of
from handclasp.diagnose.log_tallies import LogCount, Tally, add, whole_lines
from handclasp.diagnose.log_wrapping import LONGEST
from handclasp.ports.logs import LineTable, Notice

_MOST_UNUSUAL = 1 << 16


def count_by_table(blocks: Iterable[bytes], table: LineTable) -> LogCount:
    """Count a log that comes in blocks of any size: to the same result as count_in_bulk."""
    reading = _Reading(table)
    for text in whole_lines(blocks):
        reading.add(text)
    reading.fold()
    return reading.whole


class _Reading:
    """A log that is being counted."""

    def __init__(self, table: LineTable) -> None:
        self.whole = LogCount()
        self._table = table
        self._forget()

    def add(self, text: bytes) -> None:
        """Count a block of whole lines."""
        place, rest = self.whole.octets, text
        self.whole.octets += len(text)
        while rest:
            reached, notices = self._table.count(rest, place)
            for notice in notices:
                self._meet(notice, rest[notice.begin : min(notice.end, notice.begin + LONGEST)], place)
            if len(self._unusual) > _MOST_UNUSUAL or not (reached or notices):
                self.fold()
            place, rest = place + reached, rest[reached:]

    def _meet(self, notice: Notice, line: bytes, place: int) -> None:
        parts = dissect(line)
        tally = self.whole.greet(Parts(parts.message, parts.server, b""), lambda: line) if parts else None
        if notice.message is not None:
            self._tally_of.append(tally)
        elif parts and tally:
            self._unusual.append((notice.clients, tally, parts.client))
            self._last[tally] = place + notice.begin, time_of(line)

    def fold(self) -> None:
        """Count what was met where it belongs, clients in the order in which they came, and go on with an empty table."""
        counted = self._table.take()
        for tally, (place, before) in zip(self._tally_of, counted.lasts, strict=False):
            if tally and place > self._last.get(tally, (-1, None))[0]:
                self._last[tally] = place, time_in(before)
        for tally, (_, time) in self._last.items():
            tally.last = time
        clients, passed = iter(counted.clients), 0
        for met, tally, client in self._unusual:
            self._count_all(islice(clients, met - passed))
            self._count(tally, client, 1)
            passed = met
        self._count_all(clients)
        self._forget()

    def _count_all(self, clients: Iterable[tuple[int, bytes, int]]) -> None:
        for message, client, count in clients:
            if tally := self._tally_of[message]:
                self._count(tally, client, count)

    def _count(self, tally: Tally, client: bytes, count: int) -> None:
        if client:
            self.whole.admit(tally, client)
        add(tally, client, count)

    def _forget(self) -> None:
        self._tally_of: list[Tally | None] = []
        """Of the table's messages; None: the mark is elsewhere in these lines."""
        self._unusual: list[tuple[int, Tally, bytes]] = []
        """Lines that the table did not count: how many clients it had met before each, and the line's own client."""
        self._last: dict[Tally, tuple[int, str | None]] = {}
