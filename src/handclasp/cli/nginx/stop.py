"""handclasp nginx stop."""

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import open_world
from handclasp.cli.nginx.site_options import FILE


@click.command("stop")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@framed
def command(frame: Frame, *, nginx_path: str | None) -> None:
    r"""Stop the private nginx of this home. The system's nginx is never touched.

    \b
    Example:
      handclasp nginx stop
    """
    from handclasp.app.rollback import stop

    here = open_world(frame, nginx_path)
    stopped = stop(here.ca, here.gear)
    if frame.json:
        frame.document("nginx-stop", {"stopped": stopped})
        return
    frame.out("nginx was stopped." if stopped else "No nginx of this home was running.")
    frame.hint("next: handclasp nginx apply     starts it again with the same sites")
