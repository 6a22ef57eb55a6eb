"""Verifies the audit log: against itself, the CRLs that were published, and the records that it tells of (audit_rows).

A log that was cut at its end is whole in itself. But every CRL has its event in the same transaction, and its number stands
under a signature of the CA, in files that nginx has too: a CRL that is newer than the log says that something is missing there.
What was cut off behind the last CRL shows only against heads that were noted elsewhere; so they are told wherever words leave
the machine anyway (`Head.noted`): the journal of the timers, notices, backups.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from handclasp.app.audit_rows import Rows
from handclasp.app.home import Home
from handclasp.app.set_back import published_numbers
from handclasp.model.errors import InputError
from handclasp.model.issuance import AuditEvent
from handclasp.model.text import Text
from handclasp.pki.audit_chain import GENESIS, chain_faults, stepped_back

_CRL_EVENTS = frozenset({"crl-signed", "crl-accepted"})
_NOTED = re.compile(r"\b[0-9a-f]{64}\b")
_Lists = tuple[tuple[tuple[str, ...], int], ...]
"""The CRLs of a file: the CAs that may have signed each, and its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log ends: how many events, and the digest of the last."""

    count: int
    digest: str

    def noted(self, lang: str) -> str:
        """One line, which `heads_in` reads again."""
        en = f"audit log: {self.count} events, head {self.digest}"
        return Text(en=en, zh=f"审计日志：{self.count} 个事件，末端摘要 {self.digest}").in_language(lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What is wrong with the log, and with the records that it tells of (nothing: both are whole), and where it ends.

    `records`: how many were compared. `clock_steps`: events that were recorded at an earlier time than the one before.
    """

    head: Head
    faults: tuple[str, ...]
    records: int
    clock_steps: tuple[int, ...]


def head_of(home: Home) -> Head:
    """Where the log ends now."""
    last = home.store.last_audit_event()
    return Head(count=last.sequence, digest=last.digest) if last else Head(count=0, digest=GENESIS)


def heads_in(text: str, *, where: str) -> tuple[str, ...]:
    """Digests that were noted in a journal, a mail or by hand.

    Raises:
        InputError: there is none.
    """
    found = tuple(dict.fromkeys(_NOTED.findall(text.lower())))
    if not found:
        raise InputError("names no head of the log", where=where, hint="lines like: audit log: 57 events, head 5f0c...")
    return found


def audit(home: Home, *, heads: Iterable[str] = (), each: Callable[[AuditEvent], None] | None = None) -> Audited:
    """Check the whole chain, that it knows the CRLs that are published, and that the records are what it says.

    `heads`, digests noted earlier, must still be in it. `each` is given every event, one by one; none stays in memory.
    """
    home.authorities()
    lists = _lists(home)
    legible = _Legible(iter(home.store.audit_events()))
    rows = Rows.of(home.store)
    seen = _Seen(rows.beside(legible), {one.strip().lower() for one in heads}, each)
    published = _Published(seen, lists)
    faults = [*chain_faults(published), *legible.faults()]
    if legible.whole:
        faults += [f"the log no longer holds {head[:64]}: events were cut off or replaced" for head in sorted(seen.missing)]
        faults += published.cut_off()
    if not faults:  # a log that was changed says nothing of the records
        rows.end(after=legible.last)
        faults += rows.faults
    return Audited(head=seen.head, faults=tuple(faults), records=rows.line.taken, clock_steps=tuple(seen.clock_steps))


def log_faults(home: Home) -> tuple[str, ...]:
    """What is wrong with the log, as `audit` finds it; events are read one by one."""
    legible = _Legible(iter(home.store.audit_events()))
    published = _Published(legible, _lists(home))
    return (*chain_faults(published), *legible.faults(), *(published.cut_off() if legible.whole else ()))


def _lists(home: Home) -> _Lists:
    """What the home's file has, to be read before the log: a CRL that is signed meanwhile has its event there already."""
    return tuple(published_numbers(home)) if home.files.exists(home.layout.crl) else ()


@dataclass(slots=True)
class _Legible:
    """Events as they go by, up to the first that is none: somebody wrote into the table what Handclasp does not write."""

    events: Iterator[AuditEvent]
    last: int = 0
    whole: bool = True

    def __iter__(self) -> Iterator[AuditEvent]:
        while True:
            try:
                event = next(self.events)
            except StopIteration:
                return
            except (ValueError, TypeError):  # a time that is none, details that are no JSON
                self.whole = False
                return
            if not _is_event(event):
                self.whole = False
                return
            self.last = event.sequence
            yield event

    def faults(self) -> Iterator[str]:
        """What was in the way, when the events have gone by."""
        if not self.whole:
            yield f"an event after number {self.last} was changed and cannot be read: what follows is not vouched for"


def _is_event(event: AuditEvent) -> bool:
    """SQLite keeps bytes and numbers in columns of text too."""
    texts: tuple[object, ...] = (event.actor, event.action, event.subject, event.previous, event.digest)
    details: object = event.details
    if not all(isinstance(one, str) for one in texts) or not isinstance(details, dict):
        return False
    return event.action not in _CRL_EVENTS or str(details.get("number", "0")).isdigit()


@dataclass(slots=True)
class _Seen:
    """Events as they go by: how many, the last one, which of the noted heads are `missing`, where the clock was set back."""

    events: Iterable[AuditEvent]
    missing: set[str]
    each: Callable[[AuditEvent], None] | None
    head: Head = field(default_factory=lambda: Head(count=0, digest=GENESIS))
    clock_steps: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[AuditEvent]:
        before: AuditEvent | None = None
        for event in self.events:
            self.head = Head(count=self.head.count + 1, digest=event.digest)
            self.missing.discard(event.digest)
            if before is not None and stepped_back(before, event):
                self.clock_steps.append(event.sequence)
            if self.each is not None:
                self.each(event)
            before = event
            yield event


@dataclass(slots=True)
class _Published:
    """Events as they go by, and which CRLs they tell of. `taken_over`: CAs whose CRL may have come with an import."""

    events: Iterable[AuditEvent]
    lists: _Lists
    known: dict[str, int] = field(default_factory=dict)
    taken_over: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[AuditEvent]:
        for event in self.events:
            if event.action in _CRL_EVENTS:
                self.known[event.subject] = max(self.known.get(event.subject, 0), int(event.details.get("number", "0")))
            elif event.action == "imported":
                self.taken_over.add(event.subject)
            yield event

    def cut_off(self) -> Iterator[str]:
        """CRLs in the home's file that the log, when it has gone by, does not know any more."""
        for own, number in self.lists:
            explained = any(self._explains(label, number) for label in own)
            if not explained:
                newest = max(own, key=lambda label: self.known.get(label, 0))
                yield (
                    f"CRL {number} of the {newest} CA is published, and the log ends with number {self.known.get(newest, 0)}: "
                    "events were cut off its end"
                )

    def _explains(self, label: str, number: int) -> bool:
        return number <= self.known.get(label, 0) or (label not in self.known and label in self.taken_over)
