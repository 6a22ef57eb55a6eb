"""handclasp host."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "host",
    cls=LazyGroup,
    package="handclasp.cli.host",
    commands={
        "set": "Say which sites an nginx host serves.",
        "list": "Show every host, and whether what it should serve is in force there.",
        "drop": "Give a host no orders any more.",
    },
)
def command() -> None:
    """Tell nginx hosts elsewhere what to serve; `handclasp agent` on each of them does it, proves it and reports."""
