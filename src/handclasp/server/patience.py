"""uvicorn's HTTP protocol with bounds: on how long a client may take to say what it wants, and on how much that may be."""

import asyncio
import socket
import sys
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""From the connection, or the first octet of a further request, to the end of its headers."""
MAX_HEAD = 48 * 1024
"""Octets of request line and headers: a GET with the largest OCSP request fits."""

MOST_PIPELINED = 100
"""Requests that wait on a connection for the answers to those before them, about 10 kB each."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """Closes connections that dawdle or flood, and says in the scope's state who is there.

    "peer": the certificate of the client on this TLS connection, DER, or None. "proxy": it came by our own Unix socket.
    """

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head = 0
    _requests = 0
    _served: Any = None
    _came = b""
    _behind = b""

    def connection_made(self, transport: Any) -> None:
        """A client connected."""
        tls = transport.get_extra_info("ssl_object")
        channel = transport.get_extra_info("socket")
        self.app_state = {
            **self.app_state,
            "peer": tls.getpeercert(binary_form=True) if tls else None,
            "proxy": channel is not None and channel.family == socket.AF_UNIX,
        }
        if channel is not None and channel.family in (socket.AF_INET, socket.AF_INET6):
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # uvloop leaves that out for a socket it was given
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Octets came. Those count against the head that came while it is still not whole."""
        if self._in_head and self._timer is None:
            self._expect_head()
        before, self._behind = self._requests, data
        while self._behind and not self.transport.is_closing():
            self._came, self._behind = self._behind, b""
            super().data_received(self._came)
        if self._in_head and before == self._requests:
            self._head += len(data)
            if self._head > MAX_HEAD and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self._end()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client said all that it wants to say, and still listens: the answers to whole requests go out, then it ends.

        Over TLS there is no half of a connection that goes on.
        """
        cycle: Any = self.cycle  # None before the first ordinary request
        if cycle is None or cycle.response_complete or cycle.more_body:
            return False
        cycle.keep_alive = False
        return True

    def on_headers_complete(self) -> None:
        """The request is known; its body has bounds of its own. What is raised here is answered with 400."""
        if self.parser.get_method() == b"CONNECT":
            raise ValueError("there is no tunnel here")
        if self.parser.should_upgrade():
            return  # it is read again without that: see below
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            raise ValueError("a request of HTTP/1.1 names one host (RFC 9112 3.2)")
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("too many requests wait on one connection")
        self.headers_known()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The whole request came: what follows is another one."""
        if not self.parser.should_upgrade():
            super().on_message_complete()
        self.request_over()

    def _unsupported_upgrade_warning(self) -> None:
        """A client offers another protocol, as curl and Java do with the first request: this one goes on (RFC 9110 7.8).

        The parser takes whatever is behind such a head for the other protocol, and a body that comes later for another request.
        So a new parser reads the head without the offer, and then what came behind it.
        """
        offer = sys.exception()
        if isinstance(offer, httptools.HttpParserUpgrade):
            lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
            lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
            self._behind = b"\r\n".join((*lines, b"", self._came[offer.args[0] :]))
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def headers_known(self) -> None:
        """The client said in time what it wants."""
        self._rest()
        self._in_head = False

    def request_over(self) -> None:
        """What comes next is the head of another request."""
        self._in_head, self._head = True, 0
        self._requests += 1

    def shutdown(self) -> None:
        """The server stops. Who has an answer and only keeps the connection may not read for long: no farewell."""
        cycle: Any = self.cycle  # None before the first ordinary request
        idle = (cycle is None or cycle.response_complete) and self.transport.get_write_buffer_size() == 0
        if idle and self.scheme == "https":
            self._end()
        else:
            super().shutdown()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """A request is served now; others may have come behind it."""
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone. uvicorn tells that to the request that came last."""
        self._rest()
        if self._served is not None and self._served is not self.cycle:
            self._served.disconnected = True
            self._served.message_event.set()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self._end()

    def _end(self) -> None:
        """Over TLS without a farewell, for which a client could let us wait."""
        if self.scheme == "https":
            self.transport.abort()
        else:
            self.transport.close()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
