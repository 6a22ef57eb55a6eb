"""handclasp nginx plan."""

from typing import Any

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world, show_plan
from handclasp.cli.nginx.control_options import control_options
from handclasp.cli.nginx.site_options import FILE, site_options


@click.command("plan")
@site_options(listen=None, required=False)
@click.option("--file", "intent", type=FILE, help="The sites of a handclasp.toml.")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@control_options
@click.option("--force", is_flag=True, help="Plan over files that were changed by hand.")
@click.option("--save", type=AbsolutePath(), help="Keep the plan in a file, for `nginx apply --plan FILE`.")
@framed
def command(
    frame: Frame, *, nginx_path: str | None, config_dir: str | None, force: bool, save: str | None, **site: Any
) -> None:
    r"""Print what `handclasp nginx apply` with the same options would change, as a patch. Nothing is changed.

    After the patch comes the effect: CAs trusted, entries on the CRLs, who may enter, and who was let in during the last 30
    days and would now be refused. A saved plan names contents by their hashes; it holds no secret.

    \b
    Examples:
      handclasp nginx plan --server-name app.test --allow alice
      handclasp nginx plan --file handclasp.toml --save tomorrow.plan
    """
    from handclasp.cli.nginx.apply import orders_of, place_of

    here = open_world(frame, nginx_path)
    place = place_of(here, config_dir, site)
    show_plan(frame, here, place, orders_of(here, place, site), force=force, save=save)
