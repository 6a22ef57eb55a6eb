"""Telling people."""

from collections.abc import Iterable
from typing import Protocol


class Notifier(Protocol):
    """Sends short texts to mail, webhooks and chat services."""

    def send(self, places: Iterable[str], *, title: str, body: str) -> tuple[str, ...]:
        """Send to every place (an URL such as mailtos:// or json://); the schemes of those that failed. Never an exception."""
        ...
