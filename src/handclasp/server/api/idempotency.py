"""Idempotency keys: a POST that is sent again with the same key gets the answer of the first, and nothing happens twice.

Kept in this process for a day, the newest thousands of them; a second request waits while the first is being served.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handclasp.ports.clock import Clock
from handclasp.server.api.problem import ProblemError
from handclasp.server.http import Answer

_LIFE = timedelta(days=1)
_CAPACITY = 4096
MAX_KEY = 200


@dataclass(slots=True)
class _Kept:
    request: str
    since: datetime
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    answer: Answer | None = None


class Repeats:
    """The answers given to keys."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    async def once(self, caller: str, key: str, path: str, body: bytes, serve: Callable[[], Awaitable[Answer]]) -> Answer:
        """Serve it, or give the answer of the request that had this key.

        Raises:
            ProblemError: the key is too long (400), or was used for another request (422).
        """
        if not 1 <= len(key) <= MAX_KEY:
            raise ProblemError(400, f"an idempotency key has 1 to {MAX_KEY} characters")
        digest = hashlib.sha256(path.encode() + b"\0" + body).hexdigest()
        now = self._clock.now()
        kept = self._kept.get((caller, key))
        if kept is None or now - kept.since > _LIFE:
            kept = self._kept[caller, key] = _Kept(request=digest, since=now)
            while len(self._kept) > _CAPACITY:
                self._kept.popitem(last=False)
        if kept.request != digest:
            raise ProblemError(422)
        async with kept.lock:
            if kept.answer is None:
                answer = await serve()
                if answer.status >= 500:
                    return answer  # may be tried again
                kept.answer = answer
            return kept.answer
