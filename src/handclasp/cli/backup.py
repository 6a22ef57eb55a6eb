"""handclasp backup."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--without-identity-keys", is_flag=True, help="Leave out private keys and containers of identities.")
@framed
def command(frame: Frame, *, file: str, without_identity_keys: bool) -> None:
    r"""Write registry, CA keys (encrypted as they are), certificates and identities to one new tar file of mode 0600.

    The passphrase is not in it: keep that in another place.

    \b
    Example:
      handclasp backup /media/stick/ca-2026-11-21.tar
    """
    from pathlib import Path

    from handclasp.app.backup import backup

    path = str(Path(file).absolute())
    count = backup(world(frame).ca, path, identity_keys=not without_identity_keys)
    if frame.json:
        frame.document("backup", {"file": path, "files": count})
        return
    frame.out(f"{count} files in {path}")
    if not without_identity_keys:
        frame.hint("the private keys of identities are in it, not encrypted: keep the file as you would keep them")
    frame.hint(f"try it: handclasp restore {path} --home /tmp/try")
