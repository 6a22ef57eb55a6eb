"""OCSP answers that are known already, given straight from the connection: no ASGI, no task, one write.

Only plain requests with nothing before them on their connection go this way; everything else, and every answer that is not
known, goes the ordinary way (server/ocsp.py), which gives the same octets. Tests hold the two equal. Octets that were read as
one whole request before are not read again: clients that ask often ask in the same words.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from handclasp.server.patience import PatientProtocol

MAX_BODY = 256
MOST_READINGS = 4096
LONGEST_READING = 1024
_SPECIAL = {b"if-none-match", b"upgrade"}
Reading = tuple[bytes, bytes, bytes, bool]
"""Method, path, body, and whether the connection stays."""


class KnownAnswer(NamedTuple):
    """Header lines; a blank line and the body; whether the same octets may get it again."""

    lines: bytes
    body: bytes
    again: bool


Known = Callable[[bytes, bytes, bytes], KnownAnswer | None]
"""Method, path and body to an answer; None when it is not known."""


def direct_protocol(known: Known) -> type[PatientProtocol]:
    """The protocol class of a server whose known answers come from `known`."""
    return type("KnownAnswers", (DirectProtocol,), {"known": staticmethod(known), "readings": {}})


class DirectProtocol(PatientProtocol):
    """See the module. A request is `held` from its headers to its end, when it turns out to be known or not."""

    known: Known
    readings: dict[bytes, Reading]
    _held: bytes | None = None
    _body = b""
    _between = True
    _reading: Reading | None = None
    _own: tuple[object, bytes] = (None, b"")
    _answered = 0.0

    def data_received(self, data: bytes) -> None:
        """Octets came. `_between`: all before them belonged to requests that were answered here, each whole and alone."""
        between, self._between = self._between, False
        if between and (reading := self.readings.get(data)) is not None and not self.flow.write_paused:
            found = type(self).known(*reading[:3])
            if found is not None:
                self._rest()
                self._between = True
                self._give(found, stays=reading[3])
                return
        before = self._requests
        super().data_received(data)
        reading, self._reading = self._reading, None
        if between and reading is not None and self._requests == before + 1:
            self._learn(data, reading)

    def _learn(self, data: bytes, reading: Reading) -> None:
        _, end, behind = data.partition(b"\r\n\r\n")
        self._between = bool(end) and behind == reading[2]
        if self._between and len(data) <= LONGEST_READING:
            if len(self.readings) >= MOST_READINGS:
                self.readings.clear()
            self.readings[data] = reading

    def on_headers_complete(self) -> None:
        """Hold what may be known; hand everything else on."""
        self._held, self._body = None, b""
        if self._simple():
            method = self.parser.get_method()
            asks = self.url.startswith(b"/ocsp/") if method == b"GET" else self.url == b"/ocsp" and self._short_question()
            self._held = method if asks and method in {b"GET", b"POST"} else None
        if self._held is None:
            super().on_headers_complete()
            return
        self.headers_known()
        self._expect_head()  # its body has to come as soon: no other part of the server waits for it

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """The whole request is here."""
        if self._held is None:
            super().on_message_complete()
            return
        self._rest()
        held, body = self._held, self._body
        found = type(self).known(held, self.url, body)
        self._held, self._body = None, b""
        if found is not None:
            stays = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self._reading = (held, self.url, body, stays) if found.again else None
            self._give(found, stays=stays)
            self.request_over()
            return
        super().on_headers_complete()
        if body:
            super().on_body(body)
        super().on_message_complete()

    def _give(self, answer: KnownAnswer, *, stays: bool) -> None:
        ending = b"" if stays else b"connection: close\r\n"
        self.transport.write(b"".join((self._start(), answer.lines, ending, answer.body)))
        self.server_state.total_requests += 1
        self._answered = self.loop.time()
        if not stays:
            self.transport.close()
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _start(self) -> bytes:
        """The status line and the server's own headers, which uvicorn makes anew each second."""
        headers = self.server_state.default_headers
        if self._own[0] is not headers:
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            self._own = (headers, b"HTTP/1.1 200 OK\r\n" + lines)
        return self._own[1]

    def timeout_keep_alive_handler(self) -> None:
        """The timer of an earlier answer rang: the connection ends when it has been idle since the last one for that long."""
        left = self._answered + self.timeout_keep_alive - self.loop.time()
        if self._answered and left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _simple(self) -> bool:
        """Nothing special is asked, nothing is in hand on the connection, and its client reads what it is sent."""
        if self.expect_100_continue or self._busy() or self.parser.get_http_version() not in {"1.0", "1.1"}:
            return False
        return not self.transport.is_closing() and not any(name in _SPECIAL for name, _ in self.headers)

    def _busy(self) -> bool:
        cycle: Any = self.cycle  # None before the first ordinary request
        return bool((cycle is not None and not cycle.response_complete) or self.pipeline or self.flow.write_paused)

    def _short_question(self) -> bool:
        fields: dict[bytes, Any] = dict(self.headers)
        length = fields.get(b"content-length", b"")
        kind = fields.get(b"content-type", b"")
        return kind == b"application/ocsp-request" and length.isdigit() and len(length) < 4 and int(length) <= MAX_BODY
