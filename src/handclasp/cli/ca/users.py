"""handclasp ca users."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed


@click.command("users")
@click.argument("label", shell_complete=authorities)
@framed
def command(frame: Frame, *, label: str) -> int:
    r"""Say who still has an unexpired certificate below a CA. Exit code 1: somebody has no other.

    \b
    Example:
      handclasp ca users root
    """
    from handclasp.app.hierarchy import is_retired, users_of
    from handclasp.cli.ca.users_text import report_users

    home = world(frame).ca
    found = users_of(home, label)
    depending = sum(not user.newer for user in found)
    if frame.json:
        users = [{"name": one.name, "profile": one.profile, "until": one.until, "newer": one.newer} for one in found]
        frame.document("ca-users", {"label": label, "users": users, "depending": depending})
        return 1 if depending else 0
    report_users(frame, label, found, retired=is_retired(home, label))
    return 1 if depending else 0
