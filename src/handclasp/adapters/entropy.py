"""ports.Entropy from the operating system."""

import os


class SystemEntropy:
    """The kernel's generator (getrandom), which blocks until it is seeded."""

    def bytes(self, count: int) -> bytes:
        """`count` bytes fit for keys and serial numbers."""
        return os.urandom(count)
