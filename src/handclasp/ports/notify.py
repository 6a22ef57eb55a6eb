"""Telling people."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A place that got nothing: which one of those given, counted from 0, its scheme and why. Never more of its URL."""

    place: int
    scheme: str
    why: str


class Notifier(Protocol):
    """Sends short texts to mail, webhooks and chat services."""

    def send(self, places: Iterable[str], *, title: str, body: str) -> tuple[Unreached, ...]:
        """Send to every place (an URL such as mailtos:// or json://); those that failed. Never an exception."""
        ...
