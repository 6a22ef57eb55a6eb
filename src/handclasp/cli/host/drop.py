"""handclasp host drop."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.completing import hosts
from handclasp.cli.frame import Frame, framed
from handclasp.model.command import word


@click.command("drop")
@click.argument("name", shell_complete=hosts)
@framed
def command(frame: Frame, *, name: str) -> None:
    r"""Give the host NAME no orders any more. Its nginx stays as it is: stop the agent there, and revoke NAME.

    \b
    Example:
      handclasp host drop web1
    """
    from handclasp.app.host_orders import drop_host

    drop_host(world(frame).ca, name)
    if frame.json:
        frame.document("host-drop", {"name": name})
        return
    frame.out(f"{name} gets no orders any more.")
    frame.hint(f"next: handclasp revoke {word(name)}")
