"""handclasp ca retire."""

import click

from handclasp.cli.ca_options import dry_run_option, world
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed


@click.command("retire")
@click.argument("label", shell_complete=authorities)
@dry_run_option
@framed
def command(frame: Frame, *, label: str) -> None:
    r"""Let a CA sign nobody new. What it signed stays good, and it is still trusted; `ca rollover` makes a successor.

    \b
    Example:
      handclasp ca retire branch
    """
    from handclasp.app.hierarchy import retire
    from handclasp.present.ca_words import say

    retire(world(frame).ca, label)
    if frame.json:
        frame.document("ca-retire", {"label": label, "state": "retired"})
        return
    frame.out(say(frame.lang, "is-retired", label=label))
    frame.hint(say(frame.lang, "next-under", label=label))
