"""handclasp nginx cut."""

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world
from handclasp.cli.nginx.site_options import FILE
from handclasp.model.text import plural


@click.command("cut")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@click.option("--config", type=AbsolutePath(), help="The nginx that runs with this main configuration file.")
@framed
def command(frame: Frame, *, nginx_path: str | None, config_dir: str | None, config: str | None) -> None:
    r"""End the connections that old workers still hold from before the last reload.

    A reload lets open downloads, WebSockets and HTTP/2 streams go on as they began: also those of a client that was revoked
    since. This ends them at once, everybody's; good clients connect again. New connections are not touched.

    \b
    Examples:
      handclasp revoke alice --reason keyCompromise && handclasp nginx cut
      handclasp nginx cut --config /etc/nginx/nginx.conf
    """
    from handclasp.app.apply_recover import holding
    from handclasp.app.lingering import lingering
    from handclasp.present.lingering_text import lingering_json

    here = open_world(frame, nginx_path)
    instance = here.instance(config) if config else here.place(config_dir).instance
    with holding(here.gear, instance, "ending old connections"):
        found = lingering(here.gear, instance)
        here.nginx.cut(prefix=instance.prefix, config=instance.config)
    if frame.json:
        frame.document("nginx-cut", {"config": instance.config, "ended": lingering_json(found)})
        return
    if not found.workers:
        frame.out("No old worker holds a connection.")
        return
    open_, workers = found.connections, len(found.workers)
    frame.out(f"Ended: {open_} connection{plural(open_)} of {workers} old worker{plural(workers)}.")
    frame.hint("next: handclasp nginx status     shows what runs now")
