"""handclasp store show."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("show")
@framed
def command(frame: Frame) -> None:
    r"""Say where the registry is, and how much is in it.

    \b
    Example:
      handclasp store show
    """
    here = world(frame)
    certificates = here.store.count()
    last = here.store.last_audit_event()
    elsewhere = here.files.exists(here.layout.registry_url)
    where = here.files.read(here.layout.registry_url).decode().strip() if elsewhere else here.layout.registry
    kind = "postgresql" if elsewhere else "sqlite"
    if frame.json:
        document = {"where": where, "kind": kind, "certificates": certificates, "events": last.sequence if last else 0}
        frame.document("store-show", document)
        return
    events = last.sequence if last else 0
    frame.out(f"{where}: {kind}, {certificates} certificate{plural(certificates)}, {events} audit event{plural(events)}")
    if kind == "sqlite":
        frame.hint("share it between hosts: handclasp store migrate postgresql://USER@HOST/DATABASE")
