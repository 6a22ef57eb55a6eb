"""handclasp store."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "store",
    cls=LazyGroup,
    package="handclasp.cli.store",
    commands={
        "show": "Say where the registry is.",
        "migrate": "Move it into a PostgreSQL database, or back.",
        "reopen": "Use one again that was moved away.",
    },
)
def command() -> None:
    """Keep the registry in a file of this home, or in a PostgreSQL database that several hosts share."""
