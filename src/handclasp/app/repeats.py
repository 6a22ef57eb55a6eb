"""Idempotency keys: a request is served once, though it comes again, to another process or after a crash.

The key is durable before anything is done for it, and the answer after; between the two nobody knows what became of it, and it
is not tried again by itself.
"""

import hashlib
from datetime import timedelta

from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.model.repeats import KeptAnswer, Repeat

LIFE = timedelta(days=1)
"""How long a key is known."""


def begin_request(home: Home, key: str, request: str) -> Repeat | None:
    """What the key was used for within LIFE; None when it is new, and from now on it is for this request.

    Raises:
        WorldError: the registry cannot be asked; nothing was begun.
    """
    now = home.clock.now()
    with home.store.begin() as transaction:
        found = transaction.begin_request(key, request=request, at=now, since=now - LIFE)
    crashpoint("repeat.begun")
    return found


def end_request(home: Home, key: str, answer: KeptAnswer | None) -> None:
    """Keep the answer; None: nothing was done for this key, and it may be tried again. WorldError as above."""
    crashpoint("repeat.done")
    with home.store.begin() as transaction:
        transaction.end_request(key, answer)


def key_of(caller: str, key: str) -> str:
    """A client's key as the registry knows it: another client's is another."""
    return hashlib.sha256(caller.encode() + b"\0" + key.encode()).hexdigest()
