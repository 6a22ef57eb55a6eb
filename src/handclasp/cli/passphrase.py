"""handclasp passphrase."""

import click

from handclasp.cli.ca_options import passphrase_options, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("passphrase")
@click.option(
    "--new-passphrase-file",
    type=click.Path(dir_okay=False),
    help="File (mode 0600) with the new passphrase; made when missing.  [default: ask for it]",
)
@passphrase_options
@framed
def command(frame: Frame, *, new_passphrase_file: str | None, passphrase_file: str | None, passphrase_fd: int | None) -> None:
    r"""Put the CA keys under another passphrase. Backups made before keep the old one.

    \b
    Example:
      handclasp passphrase --new-passphrase-file ~/.handclasp-passphrase-2
    """
    from pathlib import Path

    from handclasp.app.passphrase import change_passphrase
    from handclasp.present.ca_words import say

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    path = str(Path(new_passphrase_file).absolute()) if new_passphrase_file else None
    here.ca.authorities()
    count = change_passphrase(here.ca, here.new_passphrase(path), path=path)
    if frame.json:
        frame.document("passphrase", {"keys": count, "file": path})
        return
    frame.out(say(frame.lang, "passphrase-changed", count=count, s=plural(count)))
