"""The plain door: takes connections, and answers on the spot who asks one known thing and hangs up, as OpenSSL and nginx do.

Setting up a connection in uvicorn costs several times the signature of a live answer. So the first octets are read here. If
they are one whole question, whose answer is known and ends the connection, it is answered and closed here; in every other case
uvicorn gets the connection, with those octets before all others, and its bounds and manners hold (server/patience.py).
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from uvicorn.server import ServerState

from handclasp.server.direct import Guest, KnownAnswer, Short
from handclasp.server.patience import HEAD_SECONDS

log = logging.getLogger("handclasp.serve")

MOST_WAITING = 4096
"""Connections on which nothing came yet; beyond, the oldest is closed."""
_FIRST = 2048  # octets: a question that is answered here is shorter
_AND_CLOSE = socket.MSG_DONTWAIT | getattr(socket, "MSG_MORE", 0)
"""On Linux an answer leaves in one segment with the end of its connection then, and the client wakes up once."""
_PAUSE = 0.1  # seconds, when this process has no file descriptor left
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Door:
    """Serves a listening TCP socket until it is closed; made in the loop that it works in.

    Args:
        listening: closed by whoever made it.
        protocol: makes the protocol of a connection that is served the ordinary way.
        short: what is known.
        state: of the uvicorn server.
    """

    def __init__(self, listening: socket.socket, protocol: Callable[[], Guest], short: Short, state: ServerState) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._family = listening.family
        self._protocol = protocol
        self._short = short
        self._state = state
        self._waiting: dict[socket.SocketType, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True
        listening.settimeout(0)
        if hasattr(socket, "TCP_DEFER_ACCEPT"):  # Linux: a connection is there when its first octets are; after a second anyway
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        self._loop.add_reader(listening, self._arrivals)

    def close(self) -> None:
        """Take nothing more, and let go of those who said nothing yet."""
        self._open = False
        self._loop.remove_reader(self._listening)
        for channel in list(self._waiting):
            self._drop(channel)
        if self._timer is not None:
            self._timer.cancel()

    def _arrivals(self) -> None:
        """One at a time: others get their turn, and nearly always there is but one."""
        try:
            channel = self._accepted()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._make_room(error)
            return
        self._greet(channel)

    def _greet(self, channel: socket.SocketType) -> None:
        """Serve whoever speaks, wait for who is silent, and let go of who is gone."""
        try:
            data = channel.recv(_FIRST, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._wait(channel)
            return
        except OSError:
            data = b""
        answer = self._known(data)
        if answer is not None:
            self._answer(channel, answer)
        elif data:
            self._hand_over(channel, data)
        else:
            channel.close()

    def _accepted(self) -> socket.SocketType:
        """As `accept`, which makes enumerations and a Python object around each socket: as much work as all else here."""
        descriptor, _ = self._listening._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - what `accept` itself calls
        return socket.SocketType(self._family, socket.SOCK_STREAM, 0, descriptor)

    def _make_room(self, error: OSError) -> None:
        log.warning("no connection can be taken: %s", error)
        if self._waiting:
            self._drop(next(iter(self._waiting)))
        self._loop.remove_reader(self._listening)
        self._loop.call_later(_PAUSE, self._resume)

    def _resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._listening, self._arrivals)

    def _wait(self, channel: socket.SocketType) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._drop(next(iter(self._waiting)))
        self._waiting[channel] = self._loop.time() + HEAD_SECONDS
        self._loop.add_reader(channel, self._speaks, channel)
        if self._timer is None:
            self._timer = self._loop.call_later(HEAD_SECONDS, self._sweep)

    def _speaks(self, channel: socket.SocketType) -> None:
        """The first octets came, or the client is gone."""
        self._loop.remove_reader(channel)
        del self._waiting[channel]
        self._greet(channel)

    def _sweep(self) -> None:
        """Let go of those who had their time. All have the same, so the first of them is due first."""
        self._timer, now = None, self._loop.time()
        for channel, until in list(self._waiting.items()):
            if until > now:
                self._timer = self._loop.call_later(until - now, self._sweep)
                return
            self._drop(channel)

    def _drop(self, channel: socket.SocketType) -> None:
        self._loop.remove_reader(channel)
        del self._waiting[channel]
        channel.close()

    def _known(self, data: bytes) -> KnownAnswer | None:
        """The registry is looked at after the question was read: no answer is older than its question."""
        found = self._short.heads.read(data)
        if found is None or found[0].stays:
            return None
        now = self._short.knows.look()
        head, body = found
        return self._short.knows.known(head.method, head.path, body, now) if now is not None else None

    def _answer(self, channel: socket.SocketType, answer: KnownAnswer) -> None:
        """A few hundred octets: a new connection has room for them. A client that is gone needs none."""
        try:
            channel.send(self._short.whole(self._state, answer, stays=False), _AND_CLOSE)
        except OSError as error:
            log.debug("a client did not wait for its answer: %s", error)
        finally:
            channel.close()
        self._state.total_requests += 1

    def _hand_over(self, channel: socket.SocketType, first: bytes) -> None:
        task = self._loop.create_task(self._handed_over(channel, first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handed_over(self, channel: socket.SocketType, first: bytes) -> None:
        guest = self._protocol()
        guest.first = first
        try:
            await self._loop.connect_accepted_socket(lambda: guest, socket.socket(fileno=channel.detach()))
        except OSError:  # the client is gone already
            channel.close()
        else:
            guest.begin()
