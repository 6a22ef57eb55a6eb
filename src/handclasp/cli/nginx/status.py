"""handclasp nginx status."""

from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import Moment
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.config_options import config_evidence, config_options

if TYPE_CHECKING:
    from handclasp.app.lingering import Lingering
    from handclasp.model.intent import SiteIntent


@click.command("status")
@config_options
@click.option("--at", type=Moment(), help="Judge as of this time.  [default: now]")
@framed
def command(frame: Frame, **options: Any) -> None:
    r"""Show who asks for client certificates, from whom, and what the backends are told.

    One table per listen address: the servers behind it, whether they ask, the CAs they trust, until when their CRLs are good,
    who may enter, and what the backends are told. "without SNI" is what a client reaches that names no server. At the end
    stands what ends next. Nothing is changed, and nginx need not run.

    \b
    Examples:
      handclasp nginx status
      nginx -T > dump.txt; handclasp nginx status --config dump.txt --json
    """
    from dataclasses import fields

    from handclasp.app.nginx_status import nginx_status
    from handclasp.present.lingering_text import lingering_json, lingering_lines
    from handclasp.present.nginx_status import status_text

    evidence = config_evidence(frame, options)
    found = nginx_status(evidence, _sites(frame, evidence.root))
    old = _old(frame, found.config, options)
    if frame.json:
        told = {field.name: getattr(found, field.name) for field in fields(found)}
        frame.document("nginx-status", {**told, "lingering": lingering_json(old) if old else None})
        return
    frame.out(status_text(found, frame.lang))
    for line in lingering_lines(old, frame.lang) if old else ():
        frame.out(line)
    frame.hint(f"next: handclasp nginx check --config {found.config}")


def _sites(frame: Frame, config: str | None) -> "tuple[SiteIntent, ...]":
    """The sites that this home has in a configuration; none where there is no home."""
    from handclasp.app.apply_place import adopted_places, private_place, remembered
    from handclasp.app.home import registered
    from handclasp.wiring import World

    here = World(frame.home)
    if not registered(here.files, here.layout):
        return ()
    places = (private_place(here.ca), *adopted_places(here.ca))
    return tuple(order.intent for place in places if place.instance.config == config for order in remembered(here.ca, place))


def _old(frame: Frame, config: str, options: dict[str, Any]) -> "Lingering | None":
    """What old workers of an nginx on this machine hold; None for a dump, another machine's files, or where no nginx is."""
    from handclasp.app.lingering import lingering
    from handclasp.model.errors import WorldError
    from handclasp.wiring import World

    if options["chroot"]:
        return None
    here = World(frame.home, nginx_path=options["nginx_path"])
    try:
        return lingering(here.gear, here.instance(config, options["prefix"]))
    except WorldError:
        return None
