"""Who uses a CA, said to a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handclasp.app.hierarchy import User
    from handclasp.cli.frame import Frame


def report_users(frame: "Frame", label: str, users: "Sequence[User]") -> None:
    """The list, those without another certificate first, and the next step."""
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    depending = sum(not user.newer for user in users)
    if depending:
        frame.out(say(frame.lang, "still-users", count=depending))
    else:
        frame.out(say(frame.lang, "no-users", label=label))
    for user in users:
        newer = say(frame.lang, "user-newer") if user.newer else ""
        frame.out(say(frame.lang, "user-line", name=visible(user.name), profile=user.profile, until=user.until, newer=newer))
    frame.hint(say(frame.lang, "next-under" if depending else "next-drop", label=label))
