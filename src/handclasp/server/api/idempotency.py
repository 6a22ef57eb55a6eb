"""Idempotency keys of POST requests (app/repeats.py), as HTTP has them: a repeated request gets the answer of the first.

Within a process a second request waits while the first is being served; one that another process serves, or that was cut off,
is refused with 409, since nobody knows yet what comes of it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from handclasp.app.home import Home
from handclasp.app.repeats import begin_request, end_request, key_of
from handclasp.model.errors import HandclaspError
from handclasp.model.repeats import KeptAnswer
from handclasp.server.api.problem import ProblemError, problem
from handclasp.server.http import Answer

log = logging.getLogger("handclasp.api")

MAX_KEY = 200
_NO_STORE = (b"cache-control", b"no-store")
_CUT_OFF = "a request with this key was begun, and is not answered: look whether it was done before another key is used"
_TOLD_ONCE = "it was done, and what was given is told once: ask for another one, with another key"


class Repeats:
    """The requests of all clients that have a key."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def once(
        self, caller: str, key: str, path: str, body: bytes, serve: Callable[[], Awaitable[Answer]], *, secret: bool
    ) -> Answer:
        """Serve it, or give the answer of the request that had this key. `secret`: the answer is not to be kept.

        Raises:
            ProblemError: the key is too long (400), was used for another request (422), or for one without an answer (409).
            WorldError: the registry cannot be asked.
        """
        if not 1 <= len(key) <= MAX_KEY:
            raise ProblemError(400, f"an idempotency key has 1 to {MAX_KEY} characters")
        mark, digest = key_of(caller, key), hashlib.sha256(path.encode() + b"\0" + body).hexdigest()
        lock = self._locks.setdefault(mark, asyncio.Lock())
        async with lock:
            before = await asyncio.to_thread(begin_request, self._home, mark, digest)
            if before is None:
                answer = await serve()
                await asyncio.to_thread(self._end, mark, answer, secret=secret)
                return answer
        if before.request != digest:
            raise ProblemError(422)
        if before.answer is None:
            raise ProblemError(409, _CUT_OFF)
        kept = before.answer
        return Answer(status=kept.status, headers=((b"content-type", kept.kind.encode()), _NO_STORE), body=kept.body)

    def _end(self, mark: str, answer: Answer, *, secret: bool) -> None:
        """An answer that cannot be kept is given all the same: what was done is done."""
        try:
            end_request(self._home, mark, None if answer.status >= 500 else _kept(answer, secret=secret))
        except HandclaspError as error:
            log.warning("an answer could not be kept for its idempotency key: %s", error)


def _kept(answer: Answer, *, secret: bool) -> KeptAnswer:
    told = problem(ProblemError(409, _TOLD_ONCE)) if secret and answer.status < 400 else answer
    return KeptAnswer(status=told.status, kind=dict(told.headers)[b"content-type"].decode(), body=told.body)
