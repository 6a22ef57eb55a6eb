"""What the log of a watched server says: who came, with which certificate, and who would have been refused, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from handclasp.app.home import Home
from handclasp.app.observed import Observed
from handclasp.app.register import may_enter
from handclasp.model.issuance import CertificateRecord, CertificateState
from handclasp.ports.files import FileReader
from handclasp.ports.logs import Logs

MOST_NAMED = 20
PROBE = "handclasp-probe"
"""The agent of our own proofs, which are nobody's requests."""

_REFUSED = "400"
_FAILED = "FAILED:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One certificate that was shown. `refused`: why it would not get in; None: it would."""

    name: str
    serial: str
    subject: str
    requests: int
    last: datetime
    refused: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """Requests without a certificate, counted by what tells their senders apart; the most frequent first."""

    requests: int
    clients: int
    by_path: tuple[tuple[str, int], ...]
    by_agent: tuple[tuple[str, int], ...]
    by_client: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A report. `already`: requests that nginx refused while it watched. `unseen`: who may enter, and never came."""

    name: str
    stage: str
    since: datetime
    first: datetime | None
    last: datetime | None
    requests: int
    refused: int
    already: int
    visitors: tuple[Visitor, ...]
    without: Without
    unseen: tuple[str, ...]
    unreadable: int


class _Line(msgspec.Struct, frozen=True):
    time: datetime
    client: str
    path: str
    status: str
    agent: str
    verify: str
    serial: str
    subject: str


@dataclass(slots=True)
class _Tally:
    requests: int = 0
    already: int = 0
    unreadable: int = 0
    first: datetime | None = None
    last: datetime | None = None
    shown: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    came: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    paths: Counter[str] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    clients: Counter[str] = field(default_factory=Counter)

    def count(self, line: _Line) -> None:
        self.requests += 1
        self.first = min(self.first or line.time, line.time)
        self.last = max(self.last or line.time, line.time)
        if line.verify == "NONE" or not line.verify:
            self.paths[line.path] += 1
            self.agents[line.agent] += 1
            self.clients[line.client] += 1
            return
        key = line.serial, line.verify, line.subject
        self.shown[key] += 1
        self.came[key] = max(self.came.get(key, line.time), line.time)
        self.already += line.verify.startswith(_FAILED) and line.status == _REFUSED


def report(home: Home, files: FileReader, logs: Logs, one: Observed, *, days: int | None) -> Observation:
    """What the log and its rotated predecessors say of the last `days`; None: since the watch began.

    Raises:
        InputError: a log cannot be read.
    """
    since = one.since if days is None else max(one.since, home.clock.now() - timedelta(days=days))
    tally = _Tally()
    for raw in _lines(files, logs, one.log):
        try:
            line = msgspec.json.decode(raw, type=_Line)
        except msgspec.DecodeError:
            tally.unreadable += bool(raw.strip())
            continue
        if line.time >= since and line.agent != PROBE:
            tally.count(line)
    visitors = tuple(sorted(_visitors(home, tally), key=lambda each: (each.refused is None, -each.requests, each.name)))
    without = sum(tally.paths.values())
    came = {each.name for each in visitors}
    return Observation(
        name=one.name,
        stage=one.stage.value,
        since=since,
        first=tally.first,
        last=tally.last,
        requests=tally.requests,
        refused=without + sum(each.requests for each in visitors if each.refused is not None),
        already=tally.already,
        visitors=visitors,
        without=Without(
            requests=without,
            clients=len(tally.clients),
            by_path=tuple(tally.paths.most_common(MOST_NAMED)),
            by_agent=tuple(tally.agents.most_common(MOST_NAMED)),
            by_client=tuple(tally.clients.most_common(MOST_NAMED)),
        ),
        unseen=tuple(sorted({record.name for record in may_enter(home)} - came)),
        unreadable=tally.unreadable,
    )


def _visitors(home: Home, tally: _Tally) -> Iterator[Visitor]:
    known = {record.serial: record for record in home.store.walk()}
    entering = {record.serial for record in may_enter(home)}
    for (serial, verify, subject), requests in tally.shown.items():
        record = known.get(int(serial, 16)) if serial else None
        ours = record if verify == "SUCCESS" or (record and subject.endswith(f"CN={record.name}")) else None
        yield Visitor(
            name=ours.name if ours else subject,
            serial=serial,
            subject=subject,
            requests=requests,
            last=tally.came[serial, verify, subject],
            refused=_why(home, verify, ours, entering),
        )


def _why(home: Home, verify: str, record: CertificateRecord | None, entering: set[int]) -> str | None:
    """Why a certificate would be refused from now on, or None."""
    if verify.startswith(_FAILED):
        return verify.removeprefix(_FAILED)
    if record is None:
        return "not in the register of this CA"
    if record.serial in entering:
        return None
    if record.state is CertificateState.REVOKED:
        return "revoked"
    return "expired" if record.not_after <= home.clock.now() else "not for clients"


def _lines(files: FileReader, logs: Logs, path: str) -> Iterable[bytes]:
    """Every line of a log, and of what was rotated away from it (.1, .2.gz; -20260131.gz)."""
    escaped = "".join(f"[{character}]" if character in "*?[" else character for character in path)
    found = [*files.glob(f"{escaped}[.-]*"), *([path] if files.exists(path) else [])]
    for part in logs.parts(found) if found else ():
        rest = b""
        for block in logs.blocks(part):
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
        yield rest
