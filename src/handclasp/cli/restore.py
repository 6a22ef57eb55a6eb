"""handclasp restore."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--crl", type=click.Path(dir_okay=False), help="The CRL file that nginx has now: its revocations are kept.")
@framed
def command(frame: Frame, *, file: str, crl: str | None) -> None:
    r"""Make a home from a backup. The home must not exist yet.

    What was issued after the backup is unknown to the restored CA, and what was revoked after it is forgotten: give the CRL
    file that nginx has now with --crl.

    \b
    Example:
      handclasp restore ca.tar --crl /etc/nginx/crl.pem
    """
    from handclasp.app.backup import settle, unpack

    here = world(frame)
    later = here.files.read(crl) if crl else None
    made, count = unpack(here.files, here.layout, file)
    done = settle(here.ca, made, count, later_crls=later, where=crl or "")
    if frame.json:
        fields = {"home": here.home, "made": done.made, "files": done.files, "revoked": done.revoked, "unknown": done.unknown}
        frame.document("restore", fields)
        return
    frame.out(f"{done.files} files of {done.made:%Y-%m-%d %H:%M} UTC in {here.home}")
    for serial in done.revoked:
        frame.out(f"  revoked again: {serial}{'   (issued after the backup)' if serial in done.unknown else ''}")
    if later is None:
        frame.hint("revocations made after the backup are forgotten, unless you restore again with --crl FILE")
    frame.hint("next: handclasp crl --refresh")
