"""Verifies the audit log."""

from dataclasses import dataclass

from handclasp.app.home import Home
from handclasp.model.issuance import AuditEvent
from handclasp.pki.audit_chain import GENESIS, chain_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The log, what is wrong with it (nothing: it is whole), and the digest of its last event."""

    events: tuple[AuditEvent, ...]
    faults: tuple[str, ...]
    head: str


def audit(home: Home, *, head: str | None = None) -> Audited:
    """Check the whole chain; `head`, a digest noted earlier, must still be in it."""
    home.authorities()
    events = tuple(home.store.audit_events())
    faults = chain_faults(events)
    if head is not None and head.strip().lower() not in {event.digest for event in events}:
        faults += (f"the log no longer holds {head.strip()[:64]}: events were cut off or replaced",)
    return Audited(events=events, faults=faults, head=events[-1].digest if events else GENESIS)
