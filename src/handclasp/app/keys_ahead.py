"""Keys for the identities that come next, made while the disk is waited for. They are in memory only, like those in use."""

import os
from collections import deque

from handclasp.model.issuance import KeyType
from handclasp.pki.signing import narrowed
from handclasp.pki.subject_key import SubjectKey
from handclasp.ports.keys import KeyStore

_CHEAP = frozenset({KeyType.EC_P256, KeyType.EC_P384, KeyType.ED25519})
"""Made in microseconds; others would keep the interpreter from everybody else for a key that perhaps nobody asks for."""

_MOST = 64


def made_key(keys: KeyStore, kind: KeyType) -> SubjectKey:
    """A fresh key that is not kept."""
    return SubjectKey.made(narrowed(keys.generate(kind)))


class KeysAhead:
    """Each key is given away once. One thread takes while another makes; a process that was forked off begins with none."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._process = os.getpid()
        self._ready: dict[KeyType, deque[SubjectKey]] = {}

    def take(self, kind: KeyType) -> SubjectKey:
        """One that is ready, or one that is made now."""
        ready = self._of_this_process().get(kind)
        return ready.popleft() if ready else made_key(self._keys, kind)

    def make(self, kind: KeyType) -> None:
        """One more, if that is cheap and there are not too many."""
        ready = self._of_this_process().setdefault(kind, deque())
        if kind in _CHEAP and len(ready) < _MOST:
            ready.append(made_key(self._keys, kind))

    def _of_this_process(self) -> dict[KeyType, deque[SubjectKey]]:
        if self._process != os.getpid():
            self._process, self._ready = os.getpid(), {}
        return self._ready
