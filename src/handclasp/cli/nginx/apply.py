"""handclasp nginx apply."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.ca_options import passphrase_options
from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.applying import config_dir_option, free_listen, open_world, report_applied, show_plan
from handclasp.cli.nginx.control_options import control_of, control_options
from handclasp.cli.nginx.site_options import FILE, site_options, site_order

if TYPE_CHECKING:
    from handclasp.app.apply_place import Place
    from handclasp.app.site import SiteOrder
    from handclasp.model.nginx import OpensslSeries
    from handclasp.wiring import World


@click.command("apply")
@site_options(listen=None, required=False)
@click.option("--file", "intent", type=FILE, help="Serve exactly the sites of a handclasp.toml.")
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@config_dir_option
@control_options
@click.option(
    "--plan", "saved", type=AbsolutePath(), help="Apply a plan that `nginx plan --save` wrote: exactly that, or nothing."
)
@click.option("--dry-run", is_flag=True, help="Print the plan with its patch and change nothing.")
@click.option("--force", is_flag=True, help="Write files anew that were changed by hand; they are kept beside.")
@passphrase_options
@framed
def command(
    frame: Frame,
    *,
    nginx_path: str | None,
    config_dir: str | None,
    saved: str | None,
    dry_run: bool,
    force: bool,
    passphrase_file: str | None,
    passphrase_fd: int | None,
    **site: Any,
) -> None:
    r"""Serve a site on a private nginx of this home, and prove by handshakes who gets in and who does not.

    Without --listen it takes a free port on 127.0.0.1; without any option the sites that are there are brought up to date. A
    server certificate is issued if there is none. If anything fails, everything is put back: files, nginx, behaviour.

    The system's nginx is never touched, unless --config-dir names its configuration: then the site becomes a file of its own
    there, that nginx is reloaded if it runs, and never started. Without --listen the site listens on 443.

    Rules for paths, networks and groups, limits, WebSocket, OCSP and more are said in a handclasp.toml: --file. What may stand
    in it: `handclasp nginx render --help`, and --print-schema there.

    \b
    Examples:
      handclasp nginx apply --server-name app.test --listen 127.0.0.1:8443 --upstream http://127.0.0.1:8080
      handclasp nginx apply --server-name app.test --allow alice --dry-run
      handclasp nginx apply --server-name app.test --config-dir /etc/nginx
      handclasp nginx apply --server-name app.test --config-dir /srv/nginx \
          --mount /etc/nginx=/srv/nginx --nginx-command 'docker exec web nginx'
      handclasp nginx apply --file handclasp.toml
      handclasp nginx apply --plan tomorrow.plan
    """
    here = open_world(frame, nginx_path, passphrase_file, passphrase_fd)
    here.nginx.build()  # no nginx: said before a certificate is issued for it
    if saved:
        if dry_run or force or config_dir or control_of(site) or any(site.values()):
            raise click.UsageError("--plan says everything: leave the other options out")
        _apply_saved(frame, here, saved)
        return
    place = place_of(here, config_dir, site)
    if dry_run:
        show_plan(frame, here, place, orders_of(here, place, site), force=force)
        return
    from handclasp.app.apply import Way
    from handclasp.app.apply_site import apply_sites

    way = Way(start=place.own, force=force)
    done = apply_sites(here.ca, here.gear, lambda: orders_of(here, place, site), place=place, way=way)
    report_applied(frame, here, place, done)


def _apply_saved(frame: Frame, here: "World", path: str) -> None:
    from handclasp.app.apply import Way
    from handclasp.app.apply_saved import read_saved
    from handclasp.app.apply_site import apply_sites

    plan = read_saved(here.files.read(path), path)
    place = here.place(plan.config_dir)
    way = Way(start=place.own, force=plan.force)
    done = apply_sites(here.ca, here.gear, lambda: plan.sites, place=place, way=way, wanted=plan)
    report_applied(frame, here, place, done)


def place_of(here: "World", config_dir: str | None, options: dict[str, Any]) -> "Place":
    """The nginx that the options, or [nginx] of the file, are about."""
    from handclasp.model.errors import UsageError

    control = control_of(options)
    if options["intent"] and any(value for name, value in options.items() if name != "intent"):
        raise UsageError("--file says what the sites are", hint="leave the options of a site out, or the file")
    if options["intent"] and config_dir is None and control is None:
        from handclasp.app.intent_file import read_intent

        path = os.path.abspath(options["intent"])  # noqa: PTH100
        said = read_intent(here.files.read(path), path)
        config_dir, control = said.config_dir, said.control
    if control is not None and config_dir is None:
        raise click.UsageError("these options are about an nginx of somebody else: add --config-dir DIR")
    return here.place(config_dir, control)


def orders_of(here: "World", place: "Place", site: dict[str, Any]) -> "tuple[SiteOrder, ...]":
    """The sites there are, with the one on the command line if there is one."""
    from handclasp.app.apply_site import remembered, with_site
    from handclasp.app.site_files import check_named_files
    from handclasp.model.errors import UsageError

    known = remembered(here.ca, place)
    if site["intent"]:
        return counted(here, _of_file(here, site), known)
    if site["names"]:
        site["listen"] = site["listen"] or free_listen(place, known, site["names"])
        order = site_order(site)
        check_named_files(here.files, order)
        return counted(here, with_site(known, order), known)
    if any(site.values()):
        raise UsageError("these options belong to a site", hint="add --server-name NAME")
    if not known:
        raise UsageError("there is no site yet", hint="handclasp nginx apply --server-name app.test")
    return counted(here, known, known)


def counted(
    here: "World", orders: "tuple[SiteOrder, ...]", known: "tuple[SiteOrder, ...]" = (), series: "OpensslSeries | None" = None
) -> "tuple[SiteOrder, ...]":
    """The orders with the depth of each upstream's verification, for this nginx or that of an OpenSSL series."""
    from handclasp.app.upstream_depth import with_depths

    found = series or here.nginx.build().series
    return with_depths(here.files, here.probe, here.clock.now(), found, orders, known)


def _of_file(here: "World", site: dict[str, Any]) -> "tuple[SiteOrder, ...]":
    """The sites of a handclasp.toml, as this machine serves them."""
    from handclasp.app.intent_file import read_intent, refuse_unknown
    from handclasp.app.site_files import check_named_files

    path = os.path.abspath(site["intent"])  # noqa: PTH100
    said = read_intent(here.files.read(path), path)
    refuse_unknown(here.ca, said)
    for order in said.sites:
        check_named_files(here.files, order)
    return tuple(replace(order, home_inside=None) for order in said.sites)
