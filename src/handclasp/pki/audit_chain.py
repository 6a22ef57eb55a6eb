"""The hash chain of the audit log: each event's digest covers the event and the digest before it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from handclasp.model.issuance import AuditEvent

GENESIS = "0" * 64
"""`previous` of the first event."""

_TEXT = json.encoder.encode_basestring_ascii
_STEP = timedelta(minutes=1)


def digest_of(*, sequence: int, at: datetime, actor: str, action: str, subject: str, details: str, previous: str) -> str:
    """SHA-256 (hex) over the event as canonical JSON: sorted keys, no spaces, time in UTC with microseconds.

    `details`: as `canonical` writes them.
    """
    content = (
        f'{{"action":{_TEXT(action)},"actor":{_TEXT(actor)},"at":"{at.astimezone(UTC).isoformat(timespec="microseconds")}",'
        f'"details":{details},"previous":{_TEXT(previous)},"sequence":{sequence},"subject":{_TEXT(subject)}}}'
    )
    return hashlib.sha256(content.encode()).hexdigest()


def canonical(details: dict[str, str]) -> str:
    """Canonical JSON of what an event says."""
    try:
        return "{" + ",".join([f"{_TEXT(key)}:{_TEXT(details[key])}" for key in sorted(details)]) + "}"
    except TypeError:  # somebody wrote into the table what Handclasp does not write: its digest will tell
        return json.dumps(details, sort_keys=True, separators=(",", ":"))


def chain_faults(events: Iterable[AuditEvent]) -> tuple[str, ...]:
    """What is wrong with a log, in words: gaps, changed events, broken links. Empty: the chain is whole.

    Events cut off at the end leave no trace in the chain itself; compare the last digest with one kept elsewhere.
    """
    faults = []
    previous, expected = GENESIS, 1
    for event in events:
        if event.sequence != expected:
            faults.append(f"event {expected} is missing: the next one is number {event.sequence}")
        if event.previous != previous:
            faults.append(f"event {event.sequence} does not follow from the one before it")
        computed = digest_of(
            sequence=event.sequence, at=event.at, actor=event.actor, action=event.action,
            subject=event.subject, details=canonical(event.details), previous=event.previous,
        )  # fmt: skip
        if computed != event.digest:
            faults.append(f"event {event.sequence} was changed after it was written")
        previous, expected = event.digest, event.sequence + 1
    return tuple(faults)


def stepped_back(before: AuditEvent, after: AuditEvent) -> bool:
    """Whether an event was recorded at an earlier time than the one before it: a clock was set back in between.

    That is no fault of the log, whose order is that of its numbers. Under a minute counts as two hosts that differ.
    """
    return after.at < before.at - _STEP
