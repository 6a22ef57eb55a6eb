"""handclasp nginx status."""

from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import Moment
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.config_options import config_evidence, config_options
from handclasp.model.command import word

if TYPE_CHECKING:
    from handclasp.app.apply_place import Place
    from handclasp.app.in_force import InForce
    from handclasp.app.lingering import Lingering
    from handclasp.model.evidence import Evidence
    from handclasp.model.intent import SiteIntent
    from handclasp.wiring import World


@click.command("status")
@config_options
@click.option("--at", type=Moment(), help="Judge as of this time.  [default: now]")
@framed
def command(frame: Frame, **options: Any) -> None:
    r"""Show who asks for client certificates, from whom, and what the backends are told.

    One table per listen address: the servers behind it, whether they ask, the CAs they trust, until when their CRLs are good,
    who may enter, and what the backends are told. "without SNI" is what a client reaches that names no server. At the end
    stands what ends next; and where an nginx runs here with something else than these files, with what: an apply that was
    interrupted, or files that changed since it read them. Nothing is changed, and nginx need not run.

    \b
    Examples:
      handclasp nginx status
      nginx -T > dump.txt; handclasp nginx status --config dump.txt --json
    """
    from dataclasses import fields

    from handclasp.app.nginx_status import nginx_status
    from handclasp.present.in_force_text import in_force_json, in_force_lines
    from handclasp.present.lingering_text import lingering_json, lingering_lines
    from handclasp.present.nginx_status import status_text
    from handclasp.wiring import World

    evidence = config_evidence(frame, options)
    here = World(frame.home, nginx_path=options["nginx_path"])
    place = _place(frame, here, evidence.root)
    found = nginx_status(evidence, _sites(here, place))
    old = _old(here, found.config, options)
    drift = _drift(here, place)
    runs = _in_force(here, evidence, options)
    if frame.json:
        told = {field.name: getattr(found, field.name) for field in fields(found)}
        frame.document(
            "nginx-status", {**told, "lingering": lingering_json(old) if old else None, **in_force_json(runs), "drift": drift}
        )
        return
    frame.out(status_text(found, frame.lang))
    for line in lingering_lines(old, frame.lang) if old else ():
        frame.out(line)
    for line in in_force_lines(runs, frame.lang):
        frame.out(line)
    for path in drift:
        frame.out(f"changed by hand since Handclasp wrote it: {path}")
    frame.hint(f"next: handclasp nginx check --config {word(found.config)}")


def _place(frame: Frame, here: "World", config: str | None) -> "Place | None":
    """Where this home has sites in a configuration; None where there is no home, or its registry cannot be asked."""
    from handclasp.app.apply_place import adopted_places, private_place
    from handclasp.app.home import registered
    from handclasp.model.errors import WorldError

    if not registered(here.files, here.layout):
        return None
    try:
        places = (private_place(here.ca), *adopted_places(here.ca))
    except WorldError as error:
        frame.hint(f"who may enter is not known by name: {error.what}")
        return None
    return next((place for place in places if place.instance.config == config), None)


def _sites(here: "World", place: "Place | None") -> "tuple[SiteIntent, ...]":
    """The sites of ours in it, with those of their lists who have a certificate that is good now."""
    from handclasp.app.apply_place import remembered
    from handclasp.app.apply_site import of_the_living

    return tuple(of_the_living(here.ca, order.intent) for order in remembered(here.ca, place)) if place else ()


def _in_force(here: "World", evidence: "Evidence", options: dict[str, Any]) -> "InForce":
    """What the nginx of these files runs with; nothing is known of a dump, or of another machine's files."""
    import os

    from handclasp.app.apply_state import Instance
    from handclasp.app.in_force import InForce, in_force
    from handclasp.app.running import with_running_state

    if options["chroot"] or evidence.root is None or not here.files.exists(evidence.root):
        return InForce(loaded=None, newer=(), interrupted=None)
    config = os.path.abspath(evidence.root)  # noqa: PTH100
    known = with_running_state(evidence, here.machine)
    return in_force(here.gear, Instance(prefix=evidence.prefix, config=config), known)


def _drift(here: "World", place: "Place | None") -> list[str]:
    """Files of ours that somebody else changed or took away."""
    from handclasp.app.apply_drift import drifted
    from handclasp.app.apply_place import gear_at

    return [one.path for one in drifted(gear_at(here.gear, place), place)] if place else []


def _old(here: "World", config: str, options: dict[str, Any]) -> "Lingering | None":
    """What old workers of an nginx on this machine hold; None for a dump, another machine's files, or where no nginx is."""
    from handclasp.app.lingering import lingering
    from handclasp.model.errors import WorldError

    if options["chroot"]:
        return None
    try:
        return lingering(here.gear, here.instance(config, options["prefix"]))
    except WorldError:
        return None
