"""handclasp renew."""

import click

from handclasp.cli.ca_options import days_option, lifetime, passphrase_options, world
from handclasp.cli.frame import Frame, framed


@click.command("renew")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--due", type=click.IntRange(0, 3650), metavar="DAYS", help="Only those that end within DAYS; without NAME: all.")
@days_option("Life of the new certificate in days.  [default: 365]")
@passphrase_options
@framed
def command(
    frame: Frame,
    *,
    names: tuple[str, ...],
    due: int | None,
    days: int | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make a new certificate with the same key. The old one stays good until it ends or is revoked.

    With --due it is made for timers: nothing to do is a success.

    \b
    Examples:
      handclasp renew alice
      handclasp renew --due 30
    """
    from datetime import timedelta

    from handclasp.app.renew import RenewOrder, renew
    from handclasp.app.renew import due as ending
    from handclasp.model.errors import UsageError

    if not names and due is None:
        raise UsageError("say whose certificate to renew", hint="handclasp renew NAME, or handclasp renew --due 30")
    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    chosen = names
    if due is not None:
        here.ca.authorities()
        found = ending(here.ca, timedelta(days=due))
        chosen = tuple(name for name in found if not names or name in names)
    made = [renew(here.ca, RenewOrder(name=name, lifetime=lifetime(days))) for name in chosen]
    if frame.json:
        from handclasp.cli.ca_json import issued_json

        frame.document("renew", {"renewed": [issued_json(one) for one in made]})
        return
    for one in made:
        frame.out(f"{one.record.name}: renewed, good until {one.record.not_after:%Y-%m-%d}   {one.folder}/chain.pem")
    if not made:
        frame.out("Nothing is due.")
    else:
        frame.hint("next: bring the new chain.pem to its place; when it is used, the old one may be revoked by its serial")
