"""Counts the lines of a log by message, server and client, a block at a time, in bounded memory. Pure: bytes in.

Nothing is done for each line in Python: a block becomes a list of keys, one for each line, and dictionaries count them. Only a
key that was not there before is looked at. Where lines about TLS are few, they are sought first and the rest is never split.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from handclasp.diagnose.log_parts import BULK, LONGEST, MARKS, Parts, believable, dissect, dissect_key, plain, time_of

Find = Callable[[bytes, int], int]
"""As bytes.find: where a word stands from an offset on, -1 when nowhere."""

MOST_GROUPS = 10_000
MOST_CLIENTS = 100_000
_REMEMBERED = 16 * 1024 * 1024  # bytes of keys before they are counted together
_LONGEST_REST = 64 * 1024
_SAMPLE = 16 * 1024
_DENSE = 1000  # bytes for each line about TLS: with fewer, looking for them takes longer than splitting everything


@dataclass(eq=False, slots=True)
class Tally:
    """Lines that say the same of one server. `example` is the first of them."""

    example: bytes = b""
    count: int = 0
    first: str | None = None
    last: str | None = None
    clients: Counter[bytes] = field(default_factory=Counter)


def own_search(block: bytes) -> Find:
    """Python's."""
    return block.find


class LogCount:
    """What was counted so far. `full`: there was more to tell apart than is kept; the rest is counted together.

    Args:
        searcher: gives what finds words in a block; the default is Python's own search.
    """

    def __init__(self, searcher: Callable[[bytes], Find] = own_search) -> None:
        self.tallies: dict[tuple[bytes, bytes], Tally] = {}
        self.octets = 0
        self.full = False
        self._searcher = searcher
        self._clients = 0
        self._noise = Tally()
        self._forget()

    def read(self, blocks: Iterable[bytes]) -> "LogCount":
        """Count a log that comes in blocks of any size."""
        for text in whole_lines(blocks):
            self.octets += len(text)
            self._add(text if _is_dense(text) else _joined(telling(text, self._searcher(text))))
        self._fold()
        return self

    def bare(self) -> "LogCount":
        """The same without the search, which cannot go to another process."""
        made = LogCount()
        made.tallies, made.octets, made.full = self.tallies, self.octets, self.full
        return made

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
                    self._admit(mine, client)
                mine.clients[client if client in mine.clients else b""] += count

    def _add(self, text: bytes) -> None:
        """Count a block of whole lines."""
        keys = BULK.findall(text)
        numbers: list[Any] = list(map(self._number.get, keys))
        lasts: dict[Tally, int] = {}
        if None in numbers:
            if not all(believable(key) for key, number in zip(keys, numbers, strict=True) if number is None):
                keys = [b""] * (len(text.split(b"\n")) - 1)
                numbers = [None] * len(keys)
            lasts = self._meet(text, keys, numbers)
        self._pending.update(numbers)
        for tally, at in dict(zip(map(self._tally_of.__getitem__, numbers), range(len(numbers)), strict=True)).items():
            lasts[tally] = max(at, lasts.get(tally, -1))
        lasts.pop(self._noise, None)
        for tally, line in _from_the_end(text, len(numbers), lasts):
            tally.last = time_of(line)
        if self._remembered > _REMEMBERED:
            self._fold()

    def _meet(self, text: bytes, keys: list[bytes], numbers: list[Any]) -> dict[Tally, int]:
        """Fill in the numbers of lines that have none yet, in their order: of new keys, and 0 for lines without a key.

        Gives where the last line stands of those without a key.
        """
        lasts: dict[Tally, int] = {}
        lines: list[bytes] = []
        for at in [at for at, number in enumerate(numbers) if number is None]:
            key = keys[at]
            numbers[at] = known = self._number.get(key, 0)
            if known:
                continue
            parts = dissect_key(key) if key else None
            if not lines and (parts is None or self._is_new(parts)):
                lines = text.split(b"\n")  # this takes as long as all the rest, and is seldom needed
            parts = parts if key else dissect(lines[at])
            tally = self._greet(parts, lines[at] if lines else b"") if parts else self._noise
            if key:
                numbers[at] = self._remember(key, tally, parts.client if parts else b"")
            elif parts:
                _count(tally, parts.client, 1)
                lasts[tally] = at
        return lasts

    def _is_new(self, parts: Parts) -> bool:
        return (parts.message, parts.server) not in self.tallies

    def _greet(self, parts: Parts, line: bytes) -> Tally:
        tally = self._tally(parts)
        if parts.client:
            self._admit(tally, parts.client)
        if not tally.example:
            tally.example, tally.first = plain(line), time_of(line)
        return tally

    def _remember(self, key: bytes, tally: Tally, client: bytes) -> int:
        number = self._number[key] = len(self._tally_of)
        self._tally_of.append(tally)
        self._client_of.append(client)
        self._remembered += len(key)
        return number

    def _tally(self, parts: Parts) -> Tally:
        key = (parts.message, parts.server)
        if key not in self.tallies:
            if len(self.tallies) >= MOST_GROUPS:
                self.full = True
                key = (b"", b"")
            self.tallies.setdefault(key, Tally())
        return self.tallies[key]

    def _admit(self, tally: Tally, client: bytes) -> None:
        """Let a client be counted by its address, while there is room."""
        if client not in tally.clients:
            if self._clients < MOST_CLIENTS:
                tally.clients[client] = 0
                self._clients += 1
            else:
                self.full = True

    def _forget(self) -> None:
        """No keys; number 0 is for lines without one."""
        self._pending: Counter[int] = Counter()
        self._number: dict[bytes, int] = {}
        self._tally_of = [self._noise]
        self._client_of = [b""]
        self._remembered = 0

    def _fold(self) -> None:
        """Count what is pending where it belongs, and forget the keys."""
        for number, count in self._pending.items():
            if self._tally_of[number] is not self._noise:
                _count(self._tally_of[number], self._client_of[number], count)
        self._forget()


def _count(tally: Tally, client: bytes, count: int) -> None:
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


def telling(text: bytes, find: Find) -> Iterator[bytes]:
    """The lines of a block (whole lines) that have one of the marks, in order; of long ones the beginning."""
    found = {word: place for word in MARKS if (place := find(word, 0)) >= 0}
    while found:
        at = min(found.values())
        begin, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
        yield text[begin : min(end, begin + LONGEST)]
        for word in [word for word, place in found.items() if place < end]:
            found[word] = find(word, end)
            if found[word] < 0:
                del found[word]


def _joined(lines: Iterator[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _is_dense(text: bytes) -> bool:
    middle = len(text) // 2
    sample = text if len(text) < 2 * _SAMPLE else text[:_SAMPLE] + text[middle : middle + _SAMPLE]
    return sample.count(MARKS[0]) * _DENSE > len(sample)


def _from_the_end(text: bytes, count: int, wanted: dict[Tally, int]) -> Iterator[tuple[Tally, bytes]]:
    """The lines with these numbers, of so many; most are near the end of the block, so that is where the walk begins."""
    end = len(text) - 1
    at = count - 1
    for tally, number in sorted(wanted.items(), key=lambda pair: -pair[1]):
        while at > number:
            end = text.rfind(b"\n", 0, end)
            at -= 1
        yield tally, text[text.rfind(b"\n", 0, end) + 1 : end]
