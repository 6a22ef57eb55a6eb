"""Requests that a client may send again without their being done twice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What a request was answered with: HTTP status, content type, body."""

    status: int
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What is known under an idempotency key. `request`: digest of what was asked; `answer` None: it was begun, not ended."""

    request: str
    answer: KeptAnswer | None
