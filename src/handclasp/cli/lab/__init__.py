"""handclasp lab: the commands that run scenarios on real nginx builds."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "lab",
    cls=LazyGroup,
    package="handclasp.cli.lab",
    commands={
        "list": "List the scenarios.",
        "run": "Run scenarios on real nginx, remedies and dead ends included.",
        "report": "Say what the runs showed: fixed k of n.",
        "export": "Write one variant's files: configuration, certificates, client, log.",
        "holes": "Go through the holes of hand-written configurations, then through what adopting leaves of them.",
        "fuzz": "Hold the verdict model against nginx with random hierarchies.",
    },
)
def command() -> None:
    """Make causes happen on a private nginx, and see which remedies work."""
