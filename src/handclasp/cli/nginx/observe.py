"""handclasp nginx observe."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import open_world
from handclasp.cli.nginx.site_options import FILE

if TYPE_CHECKING:
    from handclasp.app.apply_place import Place
    from handclasp.app.observe import Make
    from handclasp.app.observed import Observed
    from handclasp.wiring import World

_SYSTEM = "/etc/nginx/nginx.conf"


@click.command("observe")
@click.argument("server")
@click.option("--config", type=AbsolutePath(), default=_SYSTEM, show_default=True, help="The main configuration file.")
@click.option("--prefix", type=AbsolutePath(), help="nginx's -p.  [default: the folder of --config]")
@click.option("--apply", is_flag=True, help="Do it: edit, test, reload, knock, or put all back.")
@click.option("--end", is_flag=True, help="From now on only clients of this CA.")
@click.option("--cancel", is_flag=True, help="Take everything out of the server again.")
@click.option("--days", type=click.IntRange(min=1), help="Report so far back.  [default: since it began]")
@click.option("--log-folder", type=AbsolutePath(), help="Where the log goes.  [default: beside nginx's own]")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@framed
def command(
    frame: Frame,
    *,
    server: str,
    config: str,
    prefix: str | None,
    apply: bool,
    end: bool,
    cancel: bool,
    days: int | None,
    log_folder: str | None,
    nginx_path: str | None,
) -> int:
    r"""Move a live site to client certificates: watch who would be refused, and then refuse them.

    Begin with --apply: the server asks for certificates and goes on serving everybody; a log says who came with what. Without
    options the report tells who would be refused, and why: no certificate, another CA's, revoked, expired. Exit code 1 while
    somebody would be. --end --apply lets only clients of this CA in, with CRLs, and sessions that end with a revocation; from
    then on `handclasp revoke` reaches this server. --cancel --apply takes it all back. Without --apply each of them prints its
    patch and changes nothing.

    \b
    Examples:
      handclasp nginx observe app.example.test --apply
      handclasp nginx observe app.example.test --days 14
      handclasp nginx observe app.example.test --end --apply
    """
    from handclasp.app.apply_place import place_beside
    from handclasp.app.observe import Watch, begin, call_off, require
    from handclasp.app.observed import observed

    if end and cancel:
        raise click.UsageError("--end closes the server, --cancel leaves it as it was: give one of them")
    here = open_world(frame, nginx_path)
    place = place_beside(here.gear, here.instance(config, prefix))
    watched = next((one for one in observed(here.files, place) if one.name == server), None)
    if watched is not None and not (apply or end or cancel):
        return _report(frame, here, watched, days)
    watch = Watch(name=server, log_folder=log_folder or place.logs, default_log=here.access_log)
    if end:
        make = require(here.ca, here.gear, place, server)
    elif cancel:
        make = call_off(here.ca, here.gear, place, server)
    else:
        make = begin(here.ca, here.gear, place, watch)
    if not apply:
        return _foresee(frame, here, make)
    return _carry_out(frame, here, place, make, server)


def _report(frame: Frame, here: "World", watched: "Observed", days: int | None) -> int:
    from dataclasses import asdict

    from handclasp.app.observe_report import report
    from handclasp.present.observe_text import observation_text

    found = report(here.ca, here.files, here.logs, watched, days=days)
    if frame.json:
        frame.document("nginx-observe", {"log": watched.log, **asdict(found)})
    else:
        frame.out(observation_text(found, frame.lang))
        if watched.stage == "observing":
            frame.hint(f"the log: {watched.log}")
            frame.hint(f"next: handclasp nginx observe {watched.name} --end --apply     when nobody is left who must get in")
    return 1 if found.refused else 0


def _foresee(frame: Frame, here: "World", make: "Make") -> int:
    from handclasp.app.apply_cast import cast_of
    from handclasp.present.plan_text import plan_json, plan_text

    plan = make(cast_of(here.ca))
    if frame.json:
        frame.document("nginx-observe-plan", plan_json(plan))
        return 0
    frame.out(plan_text(plan))
    frame.hint("next: the same with --apply     tested, reloaded, and put back if that is not good")
    return 0


def _carry_out(frame: Frame, here: "World", place: "Place", make: "Make", server: str) -> int:
    from handclasp.app.observe import carry_out
    from handclasp.app.observed import observed
    from handclasp.present.lingering_text import lingering_lines
    from handclasp.present.plan_text import plan_json, proven_json, proven_lines

    done = carry_out(here.ca, here.gear, place, make)
    now = next((one for one in observed(here.files, place) if one.name == server), None)
    if frame.json:
        fields = {"server": server, "stage": now.stage.value if now else None, "log": now.log if now else None}
        proof = {"reloaded": done.reloaded, "serving": done.serving, "proof": proven_json(done.proven)}
        frame.document("nginx-observed", {**fields, **proof, **plan_json(done.plan)})
        return 0
    for change in done.plan.files:
        frame.out(change.path)
    for line in (*proven_lines(done.proven, frame.lang), *lingering_lines(done.lingering, frame.lang)):
        frame.out(line)
    if not done.serving:
        frame.out("No nginx runs with this configuration: nobody was asked.")
    if now is None:
        frame.out(f"{server} is as it was before.")
    elif now.stage == "observing":
        frame.out(f"{server} serves everybody as before, and asks for certificates.")
        frame.hint(f"next: handclasp nginx observe {server}     reports, in some days")
    else:
        frame.out(f"Only clients of this CA enter {server} now.")
        frame.hint("to take it back: handclasp nginx observe NAME --cancel --apply, or handclasp nginx rollback --config FILE")
    return 0
