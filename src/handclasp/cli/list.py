"""handclasp list."""

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import Span, meant, world
from handclasp.cli.completing import authorities, identities_or_files
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from datetime import timedelta

_LOOKED_AT = 1_000  # names that decide how wide the first column is: the others are not waited for
_ORDERS = ("created", "name", "end")
_STATUSES = ("good", "future", "dropped", "expired", "revoked", "abandoned", "pending")


@click.command("list")
@click.argument("what", required=False, shell_complete=identities_or_files)
@click.option("--status", type=click.Choice(_STATUSES), help="Only these.")
@click.option("--expiring", type=Span(), metavar="TIME", help="Only good ones that end within that time: 30d, 12h, 6w.")
@click.option("--from-ca", metavar="LABEL", shell_complete=authorities, help="Only those that this CA signed.")
@click.option("--sort", type=click.Choice(_ORDERS), default="created", show_default=True, help="In which order.")
@click.option("--all", "authorities", is_flag=True, help="The CAs too.")
@framed
def command(
    frame: Frame,
    *,
    what: str | None,
    status: str | None,
    expiring: "timedelta | None",
    from_ca: str | None,
    sort: str,
    authorities: bool,
) -> int:
    r"""List the certificates of this CA, oldest first; with WHAT only those it means. Exit code 1: WHAT means none.

    WHAT is a name, a serial, a SHA-256 or SHA-1 fingerprint, an alternative name, or a certificate file (- is standard input).

    \b
    Examples:
      handclasp list --status good --sort end
      handclasp list --expiring 30d
      handclasp list dns:api.example.test
      handclasp list ./certificate.pem
    """
    from handclasp.app import names_here
    from handclasp.app.register import Choice, chosen
    from handclasp.model.issuance import Order
    from handclasp.model.near import nearest

    here = world(frame)
    if from_ca is not None:
        names_here.check_ca(here.ca, from_ca)
    choice = Choice(
        what=meant(here, what) if what is not None else None,
        status=status,
        expiring=expiring,
        issuer=from_ca,
        authorities=authorities,
    )
    found = chosen(here.ca, choice, Order(sort))
    first = list(islice(found, _LOOKED_AT))
    if frame.json:
        from handclasp.cli.ca_json import entry_json

        frame.documents("list", "certificates", map(entry_json, chain(first, found)))
        return 1 if what and not first else 0
    from handclasp.present.columns import pad, width

    widest = max((width(one.name) for one in first), default=0)
    for one in chain(first, found):
        why = f"  {one.reason}, {one.revoked_at:%Y-%m-%d}" if one.revoked_at else ""
        frame.out(
            f"{pad(one.name, widest)}  {one.profile:8} {one.status:9} {one.not_after:%Y-%m-%d}  {one.issuer}  {one.serial}{why}"
        )
    if not first:
        frame.hint(
            "nothing of that kind" if what or status or expiring or from_ca else "make the first one: handclasp issue alice"
        )
        if what and (near := nearest(what, names_here.identities(here.ca))):
            frame.hint(f"did you mean {', '.join(near)}?")
    return 1 if what and not first else 0
