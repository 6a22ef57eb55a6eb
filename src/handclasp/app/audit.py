"""Verifies the audit log."""

from dataclasses import dataclass

from handclasp.app.home import Home
from handclasp.model.issuance import AuditEvent
from handclasp.pki.audit_chain import GENESIS, chain_faults, clock_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The log, what is wrong with it (nothing: it is whole), and the digest of its last event.

    `clock_steps`: events that were recorded at an earlier time than the one before.
    """

    events: tuple[AuditEvent, ...]
    faults: tuple[str, ...]
    head: str
    clock_steps: tuple[int, ...]


def audit(home: Home, *, head: str | None = None) -> Audited:
    """Check the whole chain; `head`, a digest noted earlier, must still be in it."""
    home.authorities()
    events = tuple(home.store.audit_events())
    faults = chain_faults(events)
    if head is not None and head.strip().lower() not in {event.digest for event in events}:
        faults += (f"the log no longer holds {head.strip()[:64]}: events were cut off or replaced",)
    newest = events[-1].digest if events else GENESIS
    return Audited(events=events, faults=faults, head=newest, clock_steps=clock_steps(events))
