"""handclasp store migrate."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("migrate")
@click.argument("to", metavar="URL|sqlite")
@framed
def command(frame: Frame, *, to: str) -> None:
    r"""Move the registry into a PostgreSQL database, or with `sqlite` back into a file of this home.

    All rows and the whole audit chain are compared before anything uses the copy. What is left behind is marked, and every
    process on every host refuses it from then on; a `serve` has to be started again. Cut off, the same command goes on. A
    password does not go into the URL: put it into ~/.pgpass, or use a client certificate. Another host shares the registry
    once it has a copy of this home: keys/, ca/ and registry.url.

    \b
    Examples:
      handclasp store migrate postgresql://handclasp@db.example.test/handclasp
      handclasp store migrate sqlite
    """
    here = world(frame)
    moved = here.move_store(None if to == "sqlite" else to)
    if frame.json:
        frame.document("store-migrate", {"to": to, "rows": moved})
        return
    rows, certificates, events = sum(moved.values()), moved["certificate"], moved["audit_event"]
    frame.out(
        f"moved {rows} row{plural(rows)}: {certificates} certificate{plural(certificates)}, "
        f"{events} audit event{plural(events)}"
    )
    if to == "sqlite":
        frame.hint("the database keeps a copy that every host refuses now; it takes the registry back, too")
    else:
        frame.hint(f"next: handclasp audit     reads it from there; the old file is {here.layout.registry}.moved")
