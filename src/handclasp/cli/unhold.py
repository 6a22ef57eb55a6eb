"""handclasp unhold."""

import click

from handclasp.cli.ca_options import dry_run_option, meant, passphrase_options, world
from handclasp.cli.completing import identities_or_files
from handclasp.cli.frame import Frame, framed


@click.command("unhold")
@click.argument("what", metavar="NAME|SERIAL|FILE", shell_complete=identities_or_files)
@passphrase_options
@dry_run_option
@framed
def command(frame: Frame, *, what: str, passphrase_file: str | None, passphrase_fd: int | None) -> None:
    r"""Lift the hold of a certificate that was revoked with --reason certificateHold. Nothing else is ever un-revoked.

    \b
    Example:
      handclasp revoke alice --reason certificateHold      the laptop is missing
      handclasp unhold alice                               it was found
    """
    from handclasp.app.revoke_record import release
    from handclasp.pki.serials import format_serial
    from handclasp.present.ca_words import say

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    records, crls = release(here.ca, meant(here, what))
    if frame.json:
        from handclasp.cli.ca_json import crl_json

        serials = [{"name": one.name, "serial": format_serial(one.serial)} for one in records]
        frame.document("unhold", {"released": serials, "crls": [crl_json(one) for one in crls]})
        return
    for one in records:
        frame.out(say(frame.lang, "unheld", name=one.name, serial=format_serial(one.serial)))
    frame.hint(say(frame.lang, "next-unheld"))
