"""A connection that stays open between requests, as those of browsers, WebSockets and attackers do. For the lab."""

import contextlib
import re
import socket
from types import TracebackType
from typing import Self

from OpenSSL import SSL

from handclasp.adapters.http_answer import complete, parse, request_bytes
from handclasp.adapters.memory_wire import Wire
from handclasp.adapters.tls_client import connection
from handclasp.model.probe import ProbeRequest, ProbeResult

_CHUNK = 65536
_SWITCHING = re.compile(rb"HTTP/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n")
"""An answer without a body: what follows is another protocol's."""
_CLOSE = b"Connection: close\r\n"
_REPLAY_SECONDS = 2.0


class HeldConnection:
    """Made by the first request, and closed with the block. Raises OSError when it cannot connect."""

    def __init__(self, request: ProbeRequest) -> None:
        self._tls = connection(request, on_info=lambda *_: None, on_verify=lambda _: None)
        self._wire = Wire(self._tls, request.address, request.port, request.timeout)
        self._shaken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wire.__exit__(kind, error, trace)

    def ask(self, request: ProbeRequest) -> ProbeResult:
        """One more request on it; `error` when the other side has ended it."""
        self._wire.within(request.timeout)
        raw, error = b"", "the connection is no more"
        with contextlib.suppress(SSL.Error, OSError):
            if not self._shaken:
                self._wire.do(self._tls.do_handshake)
                self._shaken = True
            message = request_bytes(request).replace(_CLOSE, b"")
            self._wire.do(lambda: self._tls.send(message))
            while not complete(raw) and not _SWITCHING.fullmatch(raw):
                raw += self._wire.do(lambda: self._tls.recv(_CHUNK))
        answer = parse(raw) if raw else None
        if answer is None:
            return ProbeResult(certificate_requested=False, error=error)
        return ProbeResult(
            certificate_requested=False, status=answer.status, title=answer.title, headers=answer.headers, body=answer.body
        )


def replayed(flight: bytes, port: int) -> ProbeResult:
    """Send again what somebody else sent. The answer is for that one to read: nothing but its first bytes is waited for."""
    body = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=_REPLAY_SECONDS) as wire:
        wire.sendall(flight)
        body = wire.recv(_CHUNK)
        wire.recv(_CHUNK)
    return ProbeResult(certificate_requested=False, error="the answer is for another to read", body=body)
