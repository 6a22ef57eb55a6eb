"""Options that say how an nginx is reached which is not simply this machine's."""

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import AbsolutePath

if TYPE_CHECKING:
    from handclasp.model.control import NginxControl

_OPTIONS = (
    click.option(
        "--nginx-command",
        metavar="WORDS",
        help="How that nginx is run: 'docker exec web nginx'. Words, not a shell's line.",
    ),
    click.option(
        "--reload-command", metavar="WORDS", help="Run instead of a signal: 'systemctl reload nginx'. Not a shell's line."
    ),
    click.option("--pid-file", type=AbsolutePath(), help="Names the master where its title does not."),
    click.option(
        "--mount",
        "mounts",
        multiple=True,
        metavar="INSIDE=HERE",
        help="A folder as that nginx sees it, and the same folder here: /etc/nginx=/srv/web/nginx. Repeatable.",
    ),
    click.option("--probe-at", metavar="ADDR:PORT", help="Where the sites are asked from here.  [default: where they listen]"),
)


def control_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options; `control_of` takes them out again."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def control_of(options: dict[str, Any]) -> "NginxControl | None":
    """The control that the options describe, None when there is none of them. They are removed from `options`."""
    from handclasp.app.site import parse_listen
    from handclasp.model.control import NginxControl

    command, reload, pid_file, mounts, probe_at = (
        options.pop(name) for name in ("nginx_command", "reload_command", "pid_file", "mounts", "probe_at")
    )
    if not (command or reload or pid_file or mounts or probe_at):
        return None
    return NginxControl(
        command=_words(command, "--nginx-command"),
        reload=_words(reload, "--reload-command"),
        pid_file=pid_file,
        mounts=tuple(_mount(text) for text in mounts),
        probe_at=parse_listen(probe_at) if probe_at else None,
    )


def _words(text: str | None, option: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text or ""))
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from error


def _mount(text: str) -> tuple[str, str]:
    inside, sign, here = text.partition("=")
    if not sign or not inside.startswith("/") or not here:
        raise click.UsageError(f"--mount {text}: write INSIDE=HERE, for example /etc/nginx=/srv/web/nginx")
    return os.path.normpath(inside), os.path.abspath(here)  # noqa: PTH100 - text, not a path object
