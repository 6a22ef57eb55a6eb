"""A whole error log, however large, in one pass: what is in it about TLS, by message, server and client. Pure: bytes in.

A line is looked at only when it has one of a few words that every message about TLS has; the words are sought in large
blocks, so that lines about other matters cost next to nothing. Memory is bounded: after so many different messages or clients
the rest is counted together.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.log_line import LineKind, LogLine, read_line

_USUAL = b"SSL"
_RARE = (b"HTTPS port", b"negotiated", b"PROXY protocol", b"[emerg]")
_MOST_MESSAGES = 2000
_MOST_CLIENTS = 20_000
_LONGEST_LINE = 64 * 1024
_QUOTED = re.compile(rb'"[^"]*"')
_NOISE = frozenset({LineKind.OTHER, LineKind.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines that say the same of one server. `cause` is the most likely one, None when the catalogue has none for it.

    `clients`: the addresses with most lines, and their numbers; `others`: how many lines more there are of other clients.
    `first` and `last` are nginx's own times, as written; `example` is the first such line.
    """

    cause: str | None
    kind: LineKind
    number: int | None
    message: str
    server: str | None
    count: int
    clients: tuple[tuple[str, int], ...]
    others: int
    first: str | None
    last: str | None
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What a log holds. `matched` lines are about TLS, of `octets` read; `groups` come with the largest first."""

    octets: int
    matched: int
    groups: tuple[Group, ...]

    @property
    def examples(self) -> tuple[str, ...]:
        """One line of each group: evidence for a diagnosis."""
        return tuple(group.example for group in self.groups)


@dataclass
class _Tally:
    example: bytes
    count: int = 0
    first: bytes = b""
    last: bytes = b""
    clients: Counter[bytes] = field(default_factory=Counter)


def triage(blocks: Iterable[bytes]) -> Triage:
    """One pass over a log that comes in blocks of any size."""
    tallies: dict[tuple[bytes, bytes], _Tally] = {}
    octets = matched = known_clients = 0
    rest = b""
    for block in blocks:
        octets += len(block)
        text = rest + block
        end = text.rfind(b"\n") + 1
        rest = text[end:][-_LONGEST_LINE:]
        for line in telling(text[:end]):
            matched += 1
            known_clients += _count(tallies, line, may_add_client=known_clients < _MOST_CLIENTS)
    for line in telling(rest + b"\n" if rest else b""):
        matched += 1
        _count(tallies, line, may_add_client=True)
    groups = sorted(_groups(tallies), key=lambda group: -group.count)
    return Triage(octets=octets, matched=matched, groups=tuple(groups))


def telling(text: bytes) -> Iterator[bytes]:
    """The lines of a block (whole lines) that have one of the words, in order."""
    rare = [word for word in _RARE if word in text]
    at = text.find(_USUAL)
    while at >= 0 and not rare:
        end = text.find(b"\n", at)
        yield text[text.rfind(b"\n", 0, at) + 1 : end]
        at = text.find(_USUAL, end)
    if not rare:
        return
    found = {word: text.find(word) for word in (_USUAL, *rare)}
    while True:
        at = min((place for place in found.values() if place >= 0), default=-1)
        if at < 0:
            return
        end = text.find(b"\n", at)
        yield text[text.rfind(b"\n", 0, at) + 1 : end]
        for word, place in found.items():
            if 0 <= place < end:
                found[word] = text.find(word, end)


def _count(tallies: dict[tuple[bytes, bytes], _Tally], line: bytes, *, may_add_client: bool) -> int:
    """Counts a line; 1 when a client was seen for the first time."""
    message_end = line.find(b", client: ")
    message = line[:message_end] if message_end >= 0 else line
    begin = message.find(b"#", 26)
    begin = message.find(b": ", begin) + 2 if begin >= 0 else 0
    if message[begin : begin + 1] == b"*":
        begin = message.find(b" ", begin) + 1
    key = message[begin:] if b'"' not in message else _QUOTED.sub(b'"..."', message[begin:])
    server = _field(line, b", server: ", message_end)
    tally = tallies.get((key, server))
    if tally is None:
        if len(tallies) >= _MOST_MESSAGES:
            key, server = b"", b""
        tally = tallies.setdefault((key, server), _Tally(example=line, first=line[:19]))
    tally.count += 1
    tally.last = line[:19]
    client = _field(line, b", client: ", message_end)
    if not client:
        return 0
    new = client not in tally.clients
    tally.clients[client if may_add_client or not new else b""] += 1
    return int(new and may_add_client)


def _field(line: bytes, name: bytes, start: int) -> bytes:
    at = line.find(name, start) if start >= 0 else -1
    if at < 0:
        return b""
    begin = at + len(name)
    end = line.find(b",", begin)
    return line[begin : end if end >= 0 else len(line)]


def _groups(tallies: dict[tuple[bytes, bytes], _Tally]) -> Iterator[Group]:
    causes: dict[Clue, str | None] = {}
    for (_, server), tally in tallies.items():
        line = read_line(tally.example.decode(errors="replace"))
        if line.kind in _NOISE and line.doubt is None:
            continue
        clue = Clue.of_line(line)
        if clue not in causes:
            causes[clue] = _cause(line, clue)
        named = Counter({client: count for client, count in tally.clients.items() if client})
        top = named.most_common(5)
        yield Group(
            cause=causes[clue],
            kind=line.kind,
            number=line.number,
            message=line.message,
            server=server.decode(errors="replace") or None,
            count=tally.count,
            clients=tuple((client.decode(errors="replace"), count) for client, count in top),
            others=sum(tally.clients.values()) - sum(count for _, count in top),
            first=_time(tally.first),
            last=_time(tally.last),
            example=line.raw,
        )


def _cause(line: LogLine, clue: Clue) -> str | None:
    if line.doubt is not None:
        return "pasted-line-not-from-nginx"
    found = candidates(clue)
    return found[0].cause if found else None


def _time(text: bytes) -> str | None:
    shown = text.decode(errors="replace")
    return shown if re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", shown) else None
