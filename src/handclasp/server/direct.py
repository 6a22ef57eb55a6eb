"""OCSP answers that are known already, given straight from the connection: no ASGI, no task, one write.

Only plain keep-alive requests with nothing before them on their connection go this way; everything else, and every answer that
is not known, goes the ordinary way (server/ocsp.py), which gives the same octets. Tests hold the two equal.
"""

from collections.abc import Callable
from typing import Any

from handclasp.server.patience import PatientProtocol

MAX_BODY = 256
_SPECIAL = {b"if-none-match", b"upgrade"}
Known = Callable[[bytes, bytes, bytes], tuple[bytes, bytes] | None]
"""Method, path and body to header lines and body of the answer; None when it is not known."""


def direct_protocol(known: Known) -> type[PatientProtocol]:
    """The protocol class of a server whose known answers come from `known`."""
    return type("KnownAnswers", (DirectProtocol,), {"known": staticmethod(known)})


class DirectProtocol(PatientProtocol):
    """See the module. A request is `held` from its headers to its end, when it turns out to be known or not."""

    known: Known
    _held: bytes | None = None
    _body = b""

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
        found = type(self).known(self._held, self.url, self._body)
        self._held, body, self._body = None, self._body, b""
        if found is not None:
            self._give(*found)
            self.request_over()
            return
        super().on_headers_complete()
        if body:
            super().on_body(body)
        super().on_message_complete()

    def _give(self, lines: bytes, body: bytes) -> None:
        own = b"".join(name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers)
        self.transport.write(b"".join((b"HTTP/1.1 200 OK\r\n", own, lines, b"\r\n", body)))
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

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
