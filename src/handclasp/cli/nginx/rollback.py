"""handclasp nginx rollback."""

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world, report_applied
from handclasp.cli.nginx.site_options import FILE


@click.command("rollback")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@click.option("--config", type=AbsolutePath(), help="Take back what `doctor --fix --apply` changed in this configuration.")
@framed
def command(frame: Frame, *, nginx_path: str | None, config_dir: str | None, config: str | None) -> None:
    r"""Take the last apply back: files, nginx and behaviour as before it. Revocations stay: a rollback lets nobody back in.

    \b
    Examples:
      handclasp nginx rollback
      handclasp nginx rollback --config /etc/nginx/nginx.conf
    """
    if config:
        _edits_back(frame, nginx_path, config)
        return
    from handclasp.app.apply_site import SitesApplied, remembered
    from handclasp.app.rollback import rollback

    here = open_world(frame, nginx_path)
    place = here.place(config_dir)
    applied = rollback(here.ca, here.gear, place)
    report_applied(frame, here, place, SitesApplied(orders=remembered(here.ca, place), applied=applied), verb="Taken back")


def _edits_back(frame: Frame, nginx_path: str | None, config: str) -> None:
    """Undo the last edits of a configuration; no CA is needed."""
    from handclasp.app.apply_edits import take_back
    from handclasp.present.plan_text import plan_json
    from handclasp.wiring import World

    here = World(frame.home, nginx_path=nginx_path)
    done = take_back(here.gear, here.instance(config))
    if frame.json:
        frame.document("nginx-rollback", {"config": config, "reloaded": done.reloaded, **plan_json(done.plan)})
        return
    for change in done.plan.files:
        frame.out(change.path)
    frame.out("Taken back: nginx was reloaded." if done.reloaded else "Taken back; nginx does not run with it.")
