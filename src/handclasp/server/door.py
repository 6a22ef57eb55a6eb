"""The plain door: takes connections, and answers on the spot who asks one known thing and hangs up, as OpenSSL and nginx do.

Setting up a connection in uvicorn costs several times the signature of a live answer. So the first octets are looked at without
being taken from the socket. If they are one whole question, whose answer is known and ends the connection, it is answered and
closed here; in every other case uvicorn gets the socket as it came, and its bounds and manners hold (server/patience.py).
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from uvicorn.server import ServerState

from handclasp.server.direct import KnownAnswer, Short
from handclasp.server.patience import HEAD_SECONDS

log = logging.getLogger("handclasp.serve")

MOST_WAITING = 4096
"""Connections on which nothing came yet; beyond, the oldest is closed."""
_PEEKED = 2048  # octets: a question that is answered here is shorter
_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT
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

    def __init__(
        self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol], short: Short, state: ServerState
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._protocol = protocol
        self._short = short
        self._state = state
        self._waiting: dict[socket.socket, float] = {}
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
            channel, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._make_room(error)
            return
        data = _peeked(channel)
        if data is None:
            self._wait(channel)
        else:
            self._serve(channel, data)

    def _make_room(self, error: OSError) -> None:
        log.warning("no connection can be taken: %s", error)
        if self._waiting:
            self._drop(next(iter(self._waiting)))
        self._loop.remove_reader(self._listening)
        self._loop.call_later(_PAUSE, self._resume)

    def _resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._listening, self._arrivals)

    def _wait(self, channel: socket.socket) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._drop(next(iter(self._waiting)))
        self._waiting[channel] = self._loop.time() + HEAD_SECONDS
        self._loop.add_reader(channel, self._speaks, channel)
        if self._timer is None:
            self._timer = self._loop.call_later(HEAD_SECONDS, self._sweep)

    def _speaks(self, channel: socket.socket) -> None:
        """The first octets came, or the client is gone."""
        self._loop.remove_reader(channel)
        del self._waiting[channel]
        data = _peeked(channel)
        if data is None:
            self._hand_over(channel)
        else:
            self._serve(channel, data)

    def _sweep(self) -> None:
        """Let go of those who had their time. All have the same, so the first of them is due first."""
        self._timer, now = None, self._loop.time()
        for channel, until in list(self._waiting.items()):
            if until > now:
                self._timer = self._loop.call_later(until - now, self._sweep)
                return
            self._drop(channel)

    def _drop(self, channel: socket.socket) -> None:
        self._loop.remove_reader(channel)
        del self._waiting[channel]
        channel.close()

    def _serve(self, channel: socket.socket, data: bytes) -> None:
        if not data:
            channel.close()
            return
        answer = self._known(data)
        if answer is None:
            self._hand_over(channel)
        else:
            self._answer(channel, len(data), answer)

    def _known(self, data: bytes) -> KnownAnswer | None:
        """The registry is looked at after the question was read: no answer is older than its question."""
        found = self._short.heads.read(data)
        if found is None or found[0].stays:
            return None
        now = self._short.knows.look()
        head, body = found
        return self._short.knows.known(head.method, head.path, body, now) if now is not None else None

    def _answer(self, channel: socket.socket, size: int, answer: KnownAnswer) -> None:
        """A few hundred octets: a new connection has room for them. A client that is gone needs none."""
        try:
            channel.recv(size)  # octets that nobody took would make the closing a reset, which can overtake the answer
            channel.send(self._short.whole(self._state, answer, stays=False), socket.MSG_DONTWAIT)
        except OSError as error:
            log.debug("a client did not wait for its answer: %s", error)
        finally:
            channel.close()
        self._state.total_requests += 1

    def _hand_over(self, channel: socket.socket) -> None:
        channel.settimeout(0)
        task = self._loop.create_task(self._handed_over(channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handed_over(self, channel: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, channel)
        except OSError:  # the client is gone already
            channel.close()


def _peeked(channel: socket.socket) -> bytes | None:
    """What came so far, left in the socket: empty when the client is gone, None when nothing came."""
    try:
        return channel.recv(_PEEKED, _PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
