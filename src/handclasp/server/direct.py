"""OCSP answers that are known already, or can be signed from memory, given straight from the connection: no task, one write.

Only whole plain requests with nothing before them on their connection go this way; everything else, and every answer that is
not known, goes the ordinary way (server/ocsp.py), which gives the same octets. Tests hold the two equal.
"""

import asyncio
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from uvicorn.server import ServerState

from handclasp.server.heads import Heads
from handclasp.server.patience import PatientProtocol


class KnownAnswer(NamedTuple):
    """Header lines; a blank line and the body."""

    lines: bytes
    body: bytes


class Knows(Protocol):
    """Who knows answers."""

    def known(self, method: bytes, path: bytes, body: bytes, now: datetime) -> KnownAnswer | None:
        """The answer, as of the look that was at that time, if it needs nothing from the registry's tables."""

    def look(self) -> datetime | None:
        """Look whether the registry changed. Gives the time; None when it cannot be asked."""

    def look_of_the_turn(self) -> datetime | None:
        """One look for all in a turn of the loop.

        What a connection gives in a turn had begun to arrive when the turn began, so no answer is older than its question.
        """


class Short:
    """What all connections of a server share on the short way."""

    def __init__(self, knows: Knows) -> None:
        self.knows = knows
        self.heads = Heads()
        self._opening: tuple[object, bytes] = (None, b"")

    def opening(self, state: ServerState) -> bytes:
        """The status line and the server's own headers, which uvicorn makes anew each second."""
        headers = state.default_headers
        if self._opening[0] is not headers:
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            self._opening = (headers, b"HTTP/1.1 200 OK\r\n" + lines)
        return self._opening[1]

    def whole(self, state: ServerState, answer: KnownAnswer, *, stays: bool) -> bytes:
        """The answer as it goes over the wire."""
        ending = b"" if stays else b"connection: close\r\n"
        return b"".join((self.opening(state), answer.lines, ending, answer.body))


class Guest(asyncio.Protocol):
    """A connection whose first octets were read before it was one. `first`: those, until they are taken."""

    first = b""

    def begin(self) -> None:
        """Take them now, unless others came already and they were taken with those."""
        if self.first:
            self.data_received(b"")


def direct_protocol(short: Short) -> type[PatientProtocol]:
    """The protocol class of a server whose known answers come from there."""
    return type("KnownAnswers", (DirectProtocol,), {"short": short})


class DirectProtocol(Guest, PatientProtocol):
    """See the module."""

    short: Short
    _begun = 0
    _answered = 0.0

    def data_received(self, data: bytes) -> None:
        """Octets came."""
        if self.first:
            data, self.first = self.first + data, b""
        if self._idle():
            found, knows = self.short.heads.read(data), self.short.knows
            now = knows.look_of_the_turn() if found is not None else None
            if found is not None and now is not None:
                head, body = found
                answer = knows.known(head.method, head.path, body, now)
                if answer is not None:
                    self.headers_known()
                    self._give(answer, stays=head.stays)
                    self._in_head, self._head = True, 0
                    return
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client said all that it wants to say."""
        self.begin()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.first = b""
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first octet of a request that goes the ordinary way."""
        self._begun += 1
        super().on_message_begin()

    def _idle(self) -> bool:
        """Every octet before was of a request that is answered, and the client reads what it is sent."""
        cycle: Any = self.cycle  # None before the first ordinary request
        answered = cycle is None or cycle.response_complete
        free = answered and not self.pipeline and not self.flow.write_paused
        return free and self._begun == self._requests and not self.transport.is_closing()

    def _give(self, answer: KnownAnswer, *, stays: bool) -> None:
        self.transport.write(self.short.whole(self.server_state, answer, stays=stays))
        self.server_state.total_requests += 1
        self._answered = self.loop.time()
        if not stays:
            self.transport.close()
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """The timer of an earlier answer rang: the connection ends when it has been idle since the last one for that long."""
        left = self._answered + self.timeout_keep_alive - self.loop.time()
        if self._answered and left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()
