"""What renewals leave to do, said to a person."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handclasp.app.issue import Issued
    from handclasp.cli.frame import Frame


def stale_hint(frame: "Frame", made: "Iterable[Issued]") -> None:
    """Which bundles for devices held the former certificate, and how to make them anew."""
    from handclasp.present.ca_words import say

    commands = [f"handclasp export {one.record.name} --for {device}" for one in made for device in one.stale]
    if commands:
        frame.hint(say(frame.lang, "stale-bundles", commands="; ".join(commands)))
