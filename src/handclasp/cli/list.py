"""handclasp list."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed

_STATUSES = ("good", "expired", "revoked", "abandoned", "pending")


@click.command("list")
@click.option("--status", type=click.Choice(_STATUSES), help="Only these.")
@click.option("--all", "authorities", is_flag=True, help="The CAs too.")
@framed
def command(frame: Frame, *, status: str | None, authorities: bool) -> None:
    r"""List the certificates of this CA, oldest first.

    \b
    Example:
      handclasp list --status good
    """
    from handclasp.app.register import entries

    found = [one for one in entries(world(frame).ca, authorities=authorities) if status in (None, one.status)]
    if frame.json:
        from handclasp.cli.ca_json import entry_json

        frame.document("list", {"certificates": [entry_json(one) for one in found]})
        return
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        frame.out(f"{one.name:{width}}  {one.profile:8} {one.status:9} {one.not_after:%Y-%m-%d}  {one.serial}")
    if not found:
        frame.hint("nothing to list; make the first one: handclasp issue alice")
