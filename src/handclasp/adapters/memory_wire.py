"""Carries bytes between a memory-BIO TLS connection and a socket, under one deadline for everything."""

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Self, TypeVar

from OpenSSL import SSL

T = TypeVar("T")
_CHUNK = 65536
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wire:
    """A connected socket that feeds a TLS connection.

    Args:
        tls: a client connection made without a socket.
        address: a host name or an IP address, with or without brackets, or "unix:/path".
        port: TCP port; without meaning for "unix:".
        seconds: from now until everything must be done.

    Raises:
        OSError: it cannot connect (TimeoutError when the time is over).
    """

    def __init__(self, tls: SSL.Connection, address: str, port: int, seconds: float) -> None:
        self._tls = tls
        self._deadline = time.monotonic() + seconds
        self._socket = _connect(address, port, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def do(self, action: Callable[[], T]) -> T:
        """Run one TLS operation, moving bytes until it is done. Raises OSError, and SSL.Error from the operation itself."""
        while True:
            try:
                with _signals_wait():
                    result = action()
            except SSL.WantReadError:
                self.flush()
                self._feed()
            except SSL.Error:
                self.flush()  # the alert that tells the other side why
                raise
            else:
                self.flush()
                return result

    def ahead(self, action: Callable[[], None]) -> bytes:
        """Run a TLS operation that waits for nothing, and send what it made; the bytes of it."""
        with _signals_wait():
            action()
        data = self._tls.bio_read(_CHUNK)
        self.before(data)
        return data

    @property
    def local_port(self) -> int:
        """The TCP port of this side; 0 for a Unix socket."""
        name = self._socket.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    def within(self, seconds: float) -> None:
        """From now on everything must be done in so many seconds."""
        self._deadline = time.monotonic() + seconds

    def before(self, data: bytes) -> None:
        """Send bytes as they are, ahead of TLS."""
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def flush(self) -> None:
        """Send what TLS wants sent.

        A peer that has closed may still have left an alert for us to read: failing to send is no reason not to read it.
        """
        while True:
            try:
                data = self._tls.bio_read(_CHUNK)
            except SSL.WantReadError:
                return
            self._socket.settimeout(self._left())
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._socket.sendall(data)

    def _feed(self) -> None:
        self._socket.settimeout(self._left())
        data = self._socket.recv(_CHUNK)
        if data:
            self._tls.bio_write(data)
        else:
            self._tls.bio_shutdown()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Let the handlers of signals that end a program wait until the block is done.

    OpenSSL calls back into Python, and what a handler raises there is lost: nobody would hear of the Ctrl-C. Handlers run in
    the main thread, whichever thread the kernel gives a signal to; that is why they are put off here, and no signal is blocked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[tuple[int, FrameType | None]] = []
    handlers = {number: handler for number in _ENDING if callable(handler := signal.getsignal(number))}
    try:
        for number in handlers:
            signal.signal(number, lambda *told: heard.append(told))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for came, frame in heard:
            handlers[signal.Signals(came)](came, frame)


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    if not address.startswith("unix:"):
        return socket.create_connection((address.strip("[]"), port), timeout=seconds)
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(seconds)
    try:
        connected.connect(address.removeprefix("unix:"))
    except OSError:
        connected.close()
        raise
    return connected
