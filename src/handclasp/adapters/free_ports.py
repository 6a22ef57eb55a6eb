"""ports.FreePorts: bound for a moment to port 0, so that the kernel chooses."""

import contextlib
import socket


class LoopbackPorts:
    """Ports of 127.0.0.1."""

    def take(self, count: int) -> tuple[int, ...]:
        """`count` different ports; all are held until the last is chosen."""
        with contextlib.ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in range(count)]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            return tuple(int(one.getsockname()[1]) for one in sockets)
