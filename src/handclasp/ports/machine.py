"""What this machine knows of files and of an nginx that runs on it."""

from datetime import datetime
from typing import Protocol


class Machine(Protocol):
    """Times that tell whether what runs is what is on disk."""

    def changed(self, path: str) -> datetime | None:
        """When a file's content last changed; None when it is not there or may not be looked at."""
        ...

    def loaded(self, pid_file: str) -> datetime | None:
        """When the serving workers of the nginx with this pid file started: what is newer, they have not read.

        None when no such nginx runs here.
        """
        ...
