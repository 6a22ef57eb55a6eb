"""TCP ports that nobody listens on."""

from typing import Protocol


class FreePorts(Protocol):
    """The operating system's choice of ports on 127.0.0.1."""

    def take(self, count: int) -> tuple[int, ...]:
        """`count` different ports, free at this moment: somebody else may take one before it is used."""
        ...
