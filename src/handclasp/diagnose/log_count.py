"""Counts the lines of a log by message, server and client, a block at a time, in bounded memory. Pure: bytes in.

Nothing is done for each line in Python: a block becomes a list of keys, one for each line, and dictionaries count them. Only a
key that was not there before is looked at. Where lines about TLS are few, they are sought first and the rest is never split.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from handclasp.diagnose.log_parts import (
    BULK,
    BULK_SURE,
    MARKS,
    Parts,
    believable,
    dissect,
    message_of,
    split_key,
    time_of,
)
from handclasp.diagnose.log_tallies import LogCount, Tally, add, whole_lines
from handclasp.diagnose.log_wrapping import LONGEST
from handclasp.ports.logs import Places

_REMEMBERED = 16 * 1024 * 1024  # bytes of keys before they are counted together
_TOGETHER = 256 * 1024  # bytes that are counted at once: the more, the less is done again for each block
_SAMPLE = 4 * 1024
_DENSE = 0.7  # of the lines: with more of them about TLS, looking for these takes longer than reading all


def count_in_bulk(blocks: Iterable[bytes], places: Places) -> LogCount:
    """Count a log that comes in blocks of any size; `places` finds MARKS."""
    reading = _Reading()
    waiting: list[bytes] = []
    size = 0
    for text in whole_lines(blocks):
        reading.whole.octets += len(text)
        waiting.append(text if _is_dense(text) else telling(text, places(text)))
        size += len(waiting[-1])
        if size > _TOGETHER:
            reading.add(b"".join(waiting))
            waiting.clear()
            size = 0
    reading.add(b"".join(waiting))
    reading.fold()
    return reading.whole


class _Reading:
    """A log that is being counted."""

    def __init__(self) -> None:
        self.whole = LogCount()
        self._noise = Tally()
        self._in_bulk = BULK
        self._forget()

    def add(self, text: bytes) -> None:
        """Count a block of whole lines."""
        keys = self._in_bulk.findall(text)
        numbers: list[Any] = list(map(self._number.get, keys))
        unmet = [at for at, number in enumerate(numbers) if number is None] if None in numbers else []
        if self._in_bulk is BULK and not believable([keys[at] for at in unmet]):
            self._in_bulk = BULK_SURE
            self.add(text)
            return
        lasts = self._meet(text, keys, numbers, unmet) if unmet else {}
        self._pending.update(numbers)
        for tally, at in dict(zip(map(self._tally_of.__getitem__, numbers), range(len(numbers)), strict=True)).items():
            lasts[tally] = max(at, lasts.get(tally, -1))
        lasts.pop(self._noise, None)
        self._last.update(_from_the_end(text, len(numbers), lasts))
        if self._remembered > _REMEMBERED:
            self.fold()

    def _meet(self, text: bytes, keys: list[bytes], numbers: list[Any], unmet: list[int]) -> dict[Tally, int]:
        """Fill in the numbers of lines that have none yet, in their order: of new keys, and 0 for lines without a key.

        Gives where the last line stands of those without a key.
        """
        lasts: dict[Tally, int] = {}
        lines: list[bytes] = []

        def line(at: int) -> bytes:
            if not lines:
                lines.extend(text.split(b"\n"))  # this takes as long as all the rest, and is seldom needed
            return lines[at]

        for at in unmet:
            key = keys[at]
            if key:
                numbers[at] = self._number.get(key, 0) or self._learn(key, partial(line, at))
                continue
            numbers[at] = 0
            if parts := dissect(line(at)):
                tally = self.whole.greet(parts, partial(line, at))
                add(tally, parts.client, 1)
                lasts[tally] = at
        return lasts

    def _learn(self, key: bytes, line: Callable[[], bytes]) -> int:
        """The number of a new key."""
        stem, server, client = split_key(key)
        tally = self._tally_for.get((stem, server))
        if tally is None:
            message = message_of(stem)
            tally = self._noise if message is None else self.whole.greet(Parts(message, server, client), line)
            self._tally_for[stem, server] = tally
        elif client and tally is not self._noise:
            self.whole.admit(tally, client)
        number = self._number[key] = len(self._tally_of)
        self._tally_of.append(tally)
        self._client_of.append(client)
        self._remembered += len(key)
        return number

    def _forget(self) -> None:
        """No keys; number 0 is for lines without one."""
        self._pending: Counter[int] = Counter()
        self._number: dict[bytes, int] = {}
        self._tally_of = [self._noise]
        self._client_of = [b""]
        self._tally_for: dict[tuple[bytes, bytes], Tally] = {}
        self._last: dict[Tally, bytes] = {}
        self._remembered = 0

    def fold(self) -> None:
        """Count what is pending where it belongs, and forget the keys."""
        for number, count in self._pending.items():
            if self._tally_of[number] is not self._noise:
                add(self._tally_of[number], self._client_of[number], count)
        for tally, line in self._last.items():
            tally.last = time_of(line)
        self._forget()


def telling(text: bytes, places: Iterable[int]) -> bytes:
    """The lines of a block (whole lines) with these places in them, in order; of long ones the beginning."""
    lines: list[bytes] = []
    end = -1
    for at in places:
        if at > end:
            begin, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
            lines.append(text[begin : end + 1] if end - begin <= LONGEST else text[begin : begin + LONGEST] + b"\n")
    return b"".join(lines)


def _is_dense(text: bytes) -> bool:
    sample = text[:_SAMPLE].split(b"\n")
    return sum(MARKS[0] in line for line in sample) > _DENSE * len(sample)


def _from_the_end(text: bytes, count: int, wanted: dict[Tally, int]) -> Iterator[tuple[Tally, bytes]]:
    """The lines with these numbers, of so many; most are near the end of the block, so that is where the walk begins."""
    end = len(text) - 1
    at = count - 1
    for tally, number in sorted(wanted.items(), key=lambda pair: -pair[1]):
        while at > number:
            end = text.rfind(b"\n", 0, end)
            at -= 1
        begin = text.rfind(b"\n", 0, end) + 1
        yield tally, text[begin : min(end, begin + LONGEST)]
