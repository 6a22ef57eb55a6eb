"""handclasp nginx rollback."""

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world, report_applied
from handclasp.cli.nginx.site_options import FILE


@click.command("rollback")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@framed
def command(frame: Frame, *, nginx_path: str | None, config_dir: str | None) -> None:
    r"""Take the last apply back: files, nginx and behaviour as before it. Revocations stay: a rollback lets nobody back in.

    \b
    Example:
      handclasp nginx rollback
    """
    from handclasp.app.apply_site import SitesApplied, remembered
    from handclasp.app.rollback import rollback

    here = open_world(frame, nginx_path)
    place = here.place(config_dir)
    applied = rollback(here.ca, here.gear, place)
    report_applied(frame, here, place, SitesApplied(orders=remembered(here.ca, place), applied=applied), verb="Taken back")
