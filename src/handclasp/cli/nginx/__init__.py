"""handclasp nginx: the commands that write and watch nginx's configuration."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "nginx",
    cls=LazyGroup,
    package="handclasp.cli.nginx",
    commands={
        "render": "Print the configuration of a site behind client certificates.",
    },
)
def command() -> None:
    """Configure nginx for client certificates."""
