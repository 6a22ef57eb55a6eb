"""OCSP answers that are known already, given straight from the connection: no ASGI, no task, one write.

Only plain keep-alive requests with nothing before them on their connection go this way; everything else, and every answer that
is not known, goes the ordinary way (server/ocsp.py), which gives the same octets. Tests hold the two equal. Octets that were
read as one whole request before are not read again: clients that ask often ask in the same words.
"""

from collections.abc import Callable
from typing import Any

from handclasp.server.patience import PatientProtocol

MAX_BODY = 256
MOST_READINGS = 4096
LONGEST_READING = 1024
_SPECIAL = {b"if-none-match", b"upgrade"}
Known = Callable[[bytes, bytes, bytes], bytes | None]
"""Method, path and body to the answer behind its status line; None when it is not known."""
Reading = tuple[bytes, bytes, bytes]


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
        between, self._between, self._reading = self._between, False, None
        if between and (reading := self.readings.get(data)) is not None and not self.flow.write_paused:
            found = type(self).known(*reading)
            if found is not None:
                self._rest()
                self._between = True
                self._give(found)
                return
        before = self._requests
        super().data_received(data)
        if between and self._reading is not None and self._requests == before + 1:
            self._learn(data, self._reading)

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
        reading = (self._held, self.url, self._body)
        found = type(self).known(*reading)
        self._held, body, self._body = None, self._body, b""
        if found is not None:
            self._reading = reading
            self._give(found)
            self.request_over()
            return
        super().on_headers_complete()
        if body:
            super().on_body(body)
        super().on_message_complete()

    def _give(self, answer: bytes) -> None:
        self.transport.write(self._start() + answer)
        self.server_state.total_requests += 1
        self._answered = self.loop.time()
        if self.timeout_keep_alive_task is None:
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
        """HTTP/1.1, the connection stays, nothing is in hand on it, and its client reads what it is sent."""
        if self.expect_100_continue or self._busy() or self.parser.get_http_version() != "1.1":
            return False
        return self.parser.should_keep_alive() and not any(name in _SPECIAL for name, _ in self.headers)

    def _busy(self) -> bool:
        cycle: Any = self.cycle  # None before the first ordinary request
        return bool((cycle is not None and not cycle.response_complete) or self.pipeline or self.flow.write_paused)

    def _short_question(self) -> bool:
        fields: dict[bytes, Any] = dict(self.headers)
        length = fields.get(b"content-length", b"")
        kind = fields.get(b"content-type", b"")
        return kind == b"application/ocsp-request" and length.isdigit() and len(length) < 4 and int(length) <= MAX_BODY
