"""handclasp init."""

import click

from handclasp.cli.frame import Frame, framed


@click.command("init")
@framed
def command(frame: Frame) -> None:
    """Make a root CA and an issuing CA."""
    frame.out(frame.home)
