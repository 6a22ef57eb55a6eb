"""A whole error log, however large: what is in it about TLS, by message, server and client, with the most likely cause."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.log_line import LineKind, LogLine, read_line
from handclasp.diagnose.log_tallies import LogCount, Tally

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


def triage(counted: LogCount) -> Triage:
    """The groups of a log that was counted."""
    groups = sorted(_groups(counted.tallies), key=lambda group: -group.count)
    return Triage(octets=counted.octets, matched=sum(group.count for group in groups), groups=tuple(groups))


def _groups(tallies: dict[tuple[bytes, bytes], Tally]) -> Iterator[Group]:
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
            first=tally.first,
            last=tally.last,
            example=line.raw,
        )


def _cause(line: LogLine, clue: Clue) -> str | None:
    if line.doubt is not None:
        return "pasted-line-not-from-nginx"
    found = candidates(clue)
    return found[0].cause if found else None
