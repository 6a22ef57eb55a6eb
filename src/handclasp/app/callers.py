"""Who calls the API, for a process that lasts: whom it let in is known until something happens that may end that.

Each call asks the registry's version first. When that moved, the audit log says what happened, by whichever process: after
anything but issuing, everybody is looked up anew. The table of roles is read each time.
"""

from threading import Lock

from handclasp.app.api_access import Caller, caller_from, holder_of
from handclasp.app.home import Home
from handclasp.model.issuance import CertificateRecord

MOST = 4096
"""Callers that are remembered, about 2 kB each."""
_HARMLESS = frozenset({"intent", "issued", "exported", "fleet-intent", "fleet-issued"})
"""What happens when certificates are made: it takes nothing from those that there are."""


class Callers:
    """Safe to use from several threads."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = Lock()
        self._known: dict[bytes, CertificateRecord] = {}
        self._seen = home.store.version()
        last = home.store.last_audit_event()
        self._last = last.sequence if last else 0

    def caller(self, certificate: bytes) -> Caller | None:
        """As `api_access.caller_of`. WorldError: the registry cannot be asked."""
        with self._lock:
            seen = self._notice()
            record = self._known.get(certificate)
        if record is None:
            record = holder_of(self._home, certificate)
            if record is None:
                return None
            with self._lock:
                if seen == self._seen:
                    if len(self._known) >= MOST:
                        self._known.clear()
                    self._known[certificate] = record
        return caller_from(self._home, record)

    def _notice(self) -> int:
        """The registry's version, when what is known was held against it."""
        version = self._home.store.version()
        if version != self._seen:
            for number, action in self._home.store.audit_actions(after=self._last):
                if number != self._last + 1 or action not in _HARMLESS:
                    self._known.clear()
                self._last = number
            self._seen = version
        return version
