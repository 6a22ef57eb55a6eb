"""handclasp nginx plan."""

from typing import Any

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world, show_plan
from handclasp.cli.nginx.site_options import FILE, site_options


@click.command("plan")
@site_options(listen=None, required=False)
@click.option("--file", "intent", type=FILE, help="The sites of a handclasp.toml.")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@framed
def command(frame: Frame, *, nginx_path: str | None, config_dir: str | None, **site: Any) -> None:
    r"""Print what `handclasp nginx apply` with the same options would change, as a patch. Nothing is written.

    \b
    Example:
      handclasp nginx plan --server-name app.test --allow alice
    """
    from handclasp.cli.nginx.apply import orders_of

    here = open_world(frame, nginx_path)
    place = here.place(config_dir)
    show_plan(frame, here, place, orders_of(here, place, site))
