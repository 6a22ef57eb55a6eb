"""One real handshake and one request."""

from typing import Protocol

from handclasp.model.probe import ProbeRequest, ProbeResult


class Probe(Protocol):
    """A TLS client that reports what it saw."""

    def ask(self, request: ProbeRequest) -> ProbeResult:
        """Connect, handshake, send one GET (with `patience`: nothing), read the answer.

        Network failures are in the result's `error`.
        """
        ...
