"""The options by which status and check are pointed at a configuration, and the evidence behind them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import SERIES, AbsolutePath
from handclasp.cli.frame import Frame

if TYPE_CHECKING:
    from handclasp.model.evidence import Evidence

_SYSTEM = "/etc/nginx/nginx.conf"
_OPTIONS = (
    click.option(
        "--config",
        type=AbsolutePath(),
        help=f"nginx.conf, or the output of nginx -T.  [default: that of this home's nginx, without one {_SYSTEM}]",
    ),
    click.option("--prefix", type=AbsolutePath(), help="nginx's -p.  [default: the folder of --config]"),
    click.option("--chroot", type=AbsolutePath(), help="Take all paths of the configuration below this folder."),
    click.option("--nginx", "nginx_path", metavar="PATH", help="The nginx binary.  [default: found in PATH]"),
    click.option("--nginx-version", metavar="X.Y.Z", help="Judge as this version.  [default: nginx's]"),
    click.option("--engine", type=click.Choice(SERIES), help="OpenSSL series.  [default: nginx's]"),
)
_NOT_ASKED = {
    "client_cert": None,
    "client_password_file": None,
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

    if options["config"] is None:
        options = {**options, **_default(frame, options["chroot"])}
    return evidence_of(frame, {**_NOT_ASKED, **options})


def _default(frame: Frame, chroot: str | None) -> dict[str, str]:
    """The nginx that this home runs, where sites have been applied; the system's otherwise."""
    from handclasp.app.apply_place import home_instance
    from handclasp.wiring import World

    here = World(frame.home)
    own = home_instance(here.layout)
    if chroot or not here.files.exists(own.config):
        return {"config": _SYSTEM}
    if here.files.exists(_SYSTEM):
        frame.hint(f"this is the nginx of the home {frame.home}; the system's: --config {_SYSTEM}")
    return {"config": own.config, "prefix": own.prefix}
