"""handclasp nginx rollback."""

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, open_world, report_applied
from handclasp.cli.nginx.site_options import FILE


@click.command("rollback")
@click.argument("number", metavar="[N]", type=click.IntRange(min=0), required=False)
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@click.option("--config", type=AbsolutePath(), help="Take back what `doctor --fix --apply` changed in this configuration.")
@click.option("--force", is_flag=True, help="Also take back files that were changed by hand since.")
@framed
def command(
    frame: Frame, *, number: int | None, nginx_path: str | None, config_dir: str | None, config: str | None, force: bool
) -> None:
    r"""Go back to what change N left (see `handclasp nginx history`); without N take the last one back.

    Files, nginx and behaviour become as they were, and that is proven. CRLs, trusted CAs, certificates and keys stay as they
    are today: a rollback lets nobody back in, and brings no key back that was replaced. A server that was adopted goes on
    reading the CRLs of the CA: take that line out by hand where nobody's revocation counts any more. 0 is before the first
    change: a private nginx stops. A rollback is a change like any other, and can be taken back.

    \b
    Examples:
      handclasp nginx rollback
      handclasp nginx rollback 3
      handclasp nginx rollback --config /etc/nginx/nginx.conf
    """
    if config:
        _edits_back(frame, nginx_path, config, number, force=force)
        return
    from handclasp.app.apply_site import SitesApplied, remembered
    from handclasp.app.rollback import rollback

    here = open_world(frame, nginx_path)
    place = here.place(config_dir)
    applied = rollback(here.ca, here.gear, place, number=number, force=force)
    report_applied(frame, here, place, SitesApplied(orders=remembered(here.ca, place), applied=applied), verb="Taken back")


def _edits_back(frame: Frame, nginx_path: str | None, config: str, number: int | None, *, force: bool) -> None:
    """Undo the last edits of a configuration; no CA is needed."""
    from handclasp.app.adopted_back import take_back_adopted
    from handclasp.app.home import registered
    from handclasp.present.plan_text import plan_json, proven_json, proven_lines
    from handclasp.present.visible import visible
    from handclasp.wiring import World

    here = World(frame.home, nginx_path=nginx_path)
    ca = here.ca if registered(here.files, here.layout) else None
    taken = take_back_adopted(ca, here.gear, here.instance(config), here.layout.crl, number, force=force)
    done = taken.applied
    if frame.json:
        said = {
            "reloaded": done.reloaded,
            "crl_kept": list(taken.kept),
            "no_sessions": list(taken.sessionless),
            "proof": proven_json(done.proven),
        }
        frame.document("nginx-rollback", {"config": config, **said, **plan_json(done.plan)})
        return
    for change in done.plan.files:
        frame.out(change.path)
    for server in taken.kept:
        frame.out(f"kept: {visible(server)} goes on reading {here.layout.crl}, or revoked clients would get in again")
    for server in taken.sessionless:
        frame.out(f"kept: {visible(server)} makes no sessions, or a revoked client would resume one")
    for line in proven_lines(done.proven, frame.lang):
        frame.out(line)
    if done.plan.empty:
        frame.out("Nothing else was changed: the files stay as they are.")
        return
    frame.out("Taken back: nginx was reloaded." if done.reloaded else "Taken back; nginx does not run with it.")
