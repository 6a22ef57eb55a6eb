"""handclasp kb: the knowledge base as pages, and search in it."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "kb",
    cls=LazyGroup,
    package="handclasp.cli.kb",
    commands={
        "build": "Write the knowledge base as a web site, Markdown and JSON.",
        "search": "Find entries by words, English or Chinese.",
    },
)
def command() -> None:
    """The knowledge base: every error and every cause, with counts of lab runs."""
