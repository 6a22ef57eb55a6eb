"""What renewals leave to do, said to a person."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from handclasp.model.command import word

if TYPE_CHECKING:
    from handclasp.app.home import Home
    from handclasp.app.issue import Issued
    from handclasp.cli.frame import Frame


def stale_hint(frame: "Frame", made: "Iterable[Issued]") -> None:
    """Which bundles for devices held the former certificate, and how to make them anew."""
    from handclasp.present.ca_words import say

    commands = [f"handclasp export {word(one.record.name)} --for {device}" for one in made for device in one.stale]
    if commands:
        frame.hint(say(frame.lang, "stale-bundles", commands="; ".join(commands)))


def adopted_hint(frame: "Frame", home: "Home") -> None:
    """Which adopted configurations do not know new certificates yet, and what tells them."""
    from handclasp.app.home import FOLLOWED

    if home.store.value(FOLLOWED) is None:  # nearly always, and what follows loads all that applies a configuration
        return
    from handclasp.app.follow import followed, people_file
    from handclasp.present.ca_words import say

    for one in followed(home):
        if home.files.exists(people_file(one.instance.folder)):
            command = f"handclasp nginx adopt {word(one.servers[0])} --config {word(one.instance.config)} --apply"
            frame.hint(say(frame.lang, "next-adopted", command=command))
