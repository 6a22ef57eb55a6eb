"""A clock that steps. What signs asks it first: a time before what is recorded already is wrong now, or was wrong then.

If it is wrong now, a certificate would end too soon and a CRL might have ended before it is published. If it was wrong then,
what was made begins in the future, and nginx refuses it until it is made again. Only a person can tell the two apart.
"""

from datetime import datetime

from handclasp.app.home import Home
from handclasp.catalogue.profiles import BACKDATE
from handclasp.model.errors import PolicyError
from handclasp.ports.store import Store

SET_RIGHT = "clock-set-right"
"""The audit event of somebody who says that the clock is right now; what stands before it proves nothing about the time."""

_LAST = 16  # events that are looked at: what changes nothing that is signed is recorded under a wrong clock too


def refuse_early_clock(store: Store, now: datetime) -> None:
    """PolicyError when something was recorded at a later time than now; clocks of several hosts may differ by `BACKDATE`."""
    last = store.last_audit_event()
    if last is None:
        return
    events = tuple(store.audit_events(after=max(0, last.sequence - _LAST)))
    vouched = [place for place, event in enumerate(events) if event.action == SET_RIGHT]
    latest = max(event.at for event in events[vouched[-1] if vouched else 0 :])
    if latest > now + BACKDATE:
        raise PolicyError(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC; the registry has events of {latest:%Y-%m-%d %H:%M}: nothing is signed",
            hint="the clock is wrong now, or was then: timedatectl status\n"
            "wrong now: set it right, and run this again\n"
            "wrong then: handclasp crl --refresh --clock-set-right     CRLs that begin now; the audit log says so",
        )


def note_set_right(home: Home) -> None:
    """Record that somebody vouches for the clock as it is now. Signing goes on from there."""
    with home.changing("noting that the clock was set right"):
        last = home.store.last_audit_event()
        details = {"last": last.at.isoformat()} if last else {}
        with home.store.begin() as transaction:
            transaction.audit(at=home.clock.now(), actor=home.actor, action=SET_RIGHT, subject="clock", details=details)
