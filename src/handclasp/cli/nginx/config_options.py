"""The options by which status and check are pointed at a configuration, and the evidence behind them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame

if TYPE_CHECKING:
    from handclasp.model.evidence import Evidence

_OPTIONS = (
    click.option(
        "--config",
        type=AbsolutePath(),
        default="/etc/nginx/nginx.conf",
        show_default=True,
        help="nginx.conf, or the output of nginx -T.",
    ),
    click.option("--prefix", type=AbsolutePath(), help="nginx's -p.  [default: the folder of --config]"),
    click.option("--chroot", type=AbsolutePath(), help="Take all paths of the configuration below this folder."),
    click.option("--nginx", "nginx_path", metavar="PATH", help="The nginx binary.  [default: found in PATH]"),
    click.option("--nginx-version", metavar="X.Y.Z", help="Judge as this version.  [default: nginx's]"),
    click.option("--engine", type=click.Choice(["1.0.2", "1.1.1", "3.0", "3.5"]), help="OpenSSL series.  [default: nginx's]"),
)
_NOT_ASKED = {
    "client_cert": None,
    "upstream_chain": None,
    "at": None,
    "security_level": None,
    "upstream": False,
    "server": None,
    "location": "/",
}


def config_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a configuration and the nginx it is for."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def config_evidence(frame: Frame, options: dict[str, Any]) -> "Evidence":
    """The configuration and every file it names. nginx itself is not run for it, and need not be there."""
    from handclasp.cli.gathering import evidence_of

    return evidence_of(frame, {**_NOT_ASKED, **options})
