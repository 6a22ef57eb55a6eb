"""Logs whose lines were broken on their way: by the width of a terminal, or as mail is. Pure: bytes in, bytes out."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

from handclasp.diagnose.log_tallies import whole_lines
from handclasp.diagnose.log_wrapping import LONGEST

_HEAD = re.compile(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: ")
_SAMPLE = 8 * 1024
_NARROWEST, _WIDEST = 60, 200
_MOST = 0.9


@dataclass(frozen=True, slots=True)
class Breaks:
    """How lines were broken: at this width; `within` words, as terminals do, or at spaces."""

    width: int
    within: bool


def mended(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The log with its lines whole again; one whose lines never were broken as it is."""
    source = whole_lines(blocks)
    sample: list[bytes] = []
    for text in source:
        sample.append(text)
        if sum(map(len, sample)) >= _SAMPLE:
            break
    breaks = breaks_in(b"".join(sample))
    yield from chain(sample, source) if breaks is None else _joined(chain(sample, source), breaks)


def breaks_in(sample: bytes) -> Breaks | None:
    """How the lines of a log were broken, going by its beginning; None: they were not.

    Whoever breaks lines breaks all that are too long, and none before it has to. How one line was broken that is broken once
    cannot be told: it is taken for a terminal's work.
    """
    lines = [line.rstrip(b"\r") for line in sample[:_SAMPLE].split(b"\n")[:-1] if line.strip()]
    heads = sum(_HEAD.search(line) is not None for line in lines)
    broken = [(line, rest) for line, rest in pairwise(lines) if not _HEAD.search(rest)]
    width = max(map(len, lines), default=0)
    if not heads or not _HEAD.search(lines[0]) or 2 * len(broken) < heads or not _NARROWEST <= width <= _WIDEST:
        return None
    full = sum(len(line) == width for line, _ in broken)
    due = sum(len(line) + 1 + len(rest.split(maxsplit=1)[0]) > width for line, rest in broken)
    return Breaks(width, within=full > _MOST * len(broken)) if due > _MOST * len(broken) else None


def _joined(blocks: Iterable[bytes], breaks: Breaks) -> Iterator[bytes]:
    whole, last = b"", b""
    for text in blocks:
        done: list[bytes] = []
        for line in (line.rstrip(b"\r") for line in text.split(b"\n") if line.strip()):
            if _HEAD.search(line):
                done.append(whole)
                whole = line
            elif len(whole) < LONGEST:
                whole += line if breaks.within and len(last) == breaks.width else b" " + line.lstrip()
            last = line
        yield b"".join(one + b"\n" for one in done if one)
    yield whole + b"\n" if whole else b""
