"""Who uses a CA, said to a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handclasp.app.hierarchy import User
    from handclasp.cli.frame import Frame


def report_users(frame: "Frame", label: str, users: "Sequence[User]", *, retired: bool) -> None:
    """The list, those without another certificate first, and the next step; `retired`: the CA signs nobody new."""
    from handclasp.catalogue.profiles import CA_PROFILES
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    depending = sum(not user.newer for user in users)
    renewable = any(not user.newer and user.profile not in CA_PROFILES for user in users)
    if depending:
        frame.out(say(frame.lang, "still-users", count=depending))
    else:
        frame.out(say(frame.lang, "no-users", label=label))
    for user in users:
        newer = say(frame.lang, "user-newer") if user.newer else ""
        frame.out(say(frame.lang, "user-line", name=visible(user.name), profile=user.profile, until=user.until, newer=newer))
    if not retired:
        frame.hint(say(frame.lang, "next-successor", label=label))
    elif renewable:
        frame.hint(say(frame.lang, "next-under", label=label))
    else:
        frame.hint(say(frame.lang, "next-superseded" if depending else "next-drop", label=label))
