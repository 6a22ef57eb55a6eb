"""Time and chance come in through here, so that the core is a function."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Entropy(Protocol):
    """Unpredictable bytes."""

    def bytes(self, count: int) -> bytes:
        """`count` bytes fit for keys and serial numbers."""
        ...
