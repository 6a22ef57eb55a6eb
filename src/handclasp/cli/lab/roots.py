"""The options by which lab commands choose nginx builds."""

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def root_options(function: Command) -> Command:
    """--root and --no-host."""
    root = click.option(
        "--root",
        "roots",
        multiple=True,
        type=click.Path(exists=True, file_okay=False),
        help="A root file system with another nginx in it (chroot; needs root). Repeat for more.",
    )
    host = click.option("--host/--no-host", default=True, help="Run on this machine's nginx too.", show_default=True)
    return root(host(function))


def chosen(roots: tuple[str, ...], *, host: bool) -> tuple[str | None, ...]:
    """Root file systems to use, None for this machine. UsageError when nothing is left."""
    from handclasp.model.errors import UsageError

    found: tuple[str | None, ...] = (*((None,) if host else ()), *roots)
    if not found:
        raise UsageError("there is no nginx to run on", hint="give --root DIR, or leave out --no-host")
    return found
