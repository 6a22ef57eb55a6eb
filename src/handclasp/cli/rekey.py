"""handclasp rekey."""

import click

from handclasp.cli.ca_options import (
    days_option,
    dry_run_option,
    key_type_of,
    key_type_option,
    lifetime,
    passphrase_options,
    world,
)
from handclasp.cli.completing import identities
from handclasp.cli.frame import Frame, framed
from handclasp.model.command import word


@click.command("rekey")
@click.argument("name", shell_complete=identities)
@click.option("--csr", type=click.Path(dir_okay=False), help="The new key comes with this request (PEM or DER).")
@days_option("Life of the new certificate in days.  [default: as the former one]")
@key_type_option
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    name: str,
    csr: str | None,
    days: int | None,
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make a new key and a new certificate for NAME. The old ones stay good, and go to NAME/previous/SERIAL.

    \b
    Example:
      handclasp rekey alice
    """
    from handclasp.app.renew import RenewOrder, renew
    from handclasp.pki.csr import read_csr

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    wishes = read_csr(here.files.read(csr), where=csr) if csr else None
    order = RenewOrder(name=name, new_key=True, key_type=key_type_of(key_type), lifetime=lifetime(days), wishes=wishes)
    made = renew(here.ca, order)
    if frame.json:
        from handclasp.cli.ca_json import issued_json

        frame.document("rekey", issued_json(made))
        return
    from handclasp.cli.renewed_text import adopted_hint, stale_hint
    from handclasp.pki.serials import format_serial
    from handclasp.present.ca_words import say

    end = f"{made.record.not_after:%Y-%m-%d}"
    frame.out(say(frame.lang, "rekeyed", name=made.record.name, end=end, path=made.folder))
    stale_hint(frame, (made,))
    former = format_serial(made.former) if made.former is not None else "SERIAL"
    adopted_hint(frame, here.ca)
    frame.hint(say(frame.lang, "next-rekeyed", name=word(made.record.name), serial=former))
