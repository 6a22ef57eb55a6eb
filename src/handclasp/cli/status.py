"""handclasp status."""

import click

from handclasp.cli.ca_options import lifetime, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("status")
@click.option(
    "--within", type=click.IntRange(0, 3650), help="Days ahead to look.  [default: 30, or a third of what lives shorter]"
)
@framed
def command(frame: Frame, *, within: int | None) -> int:
    r"""Say what ends soon or needs care: certificates, CAs, CRLs, interrupted work. Exit code 1 when something does.

    \b
    Example for a timer:
      handclasp status -q || notify-admin
    """
    from handclasp.app.status import status
    from handclasp.model.messages import translate

    found = status(world(frame).ca, within=lifetime(within))
    if frame.json:
        items = [
            {"kind": one.kind, "subject": one.subject, "what": one.what, "action": one.action, "until": one.until}
            for one in found.items
        ]
        fields = {"healthy": not found.items, "items": items, "good": found.good, "revoked": found.revoked}
        frame.document("status", fields)
        return 1 if found.items else 0
    for one in found.items:
        frame.out(one.what)
        frame.out(f"    {translate(one.action, frame.lang)}")
    if not found.items:
        days, good = within or 30, found.good
        frame.out(
            f"All is well for the next {days} day{plural(days)}: {good} good certificate{plural(good)}, "
            f"{found.revoked} revoked."
        )
    return 1 if found.items else 0
