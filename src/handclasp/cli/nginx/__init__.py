"""handclasp nginx: the commands that write and watch nginx's configuration."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "nginx",
    cls=LazyGroup,
    package="handclasp.cli.nginx",
    commands={
        "render": "Print the configuration of a site behind client certificates.",
        "check": "Say whether nginx would start with a configuration, and list every fault.",
        "adopt": "Put a hand-written server right: each change and why, as one patch, applied and proven if you say so.",
        "status": "Show who asks for certificates, from whom, and what backends are told.",
        "plan": "Print what an apply would change.",
        "apply": "Serve a site on a private nginx and prove who gets in.",
        "observe": "Move a live site to client certificates: watch who would be refused, then refuse them.",
        "history": "List what was changed, by whom, and what the proof saw.",
        "rollback": "Go back to what an earlier apply left.",
        "cut": "End connections that old workers still hold from before a reload.",
        "stop": "Stop the private nginx.",
    },
)
def command() -> None:
    """Configure nginx for client certificates."""
