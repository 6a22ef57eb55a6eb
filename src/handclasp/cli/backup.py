"""handclasp backup."""

import click

from handclasp.cli.ca_options import dry_run_option, outside, passphrase_options, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.command import word
from handclasp.model.text import plural


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--without-identity-keys", is_flag=True, help="Leave out private keys and containers of identities.")
@click.option("--unencrypted", is_flag=True, help="A plain tar file. Private keys of identities are in it as they are.")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    file: str,
    without_identity_keys: bool,
    unencrypted: bool,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Write registry, CA keys, certificates and identities to one new file, encrypted under the passphrase of the CA keys.

    Others may go on issuing meanwhile. The passphrase is not in it: keep that in another place.

    \b
    Example:
      handclasp backup /media/stick/ca-2026-11-21.sealed
    """
    from handclasp.app.audit import head_of
    from handclasp.app.backup import backup

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    here.ca.authorities()
    path = outside(frame, here, file)
    passphrase = None if unencrypted else here.checked_passphrase()
    count = backup(here.ca, path, identity_keys=not without_identity_keys, passphrase=passphrase)
    if frame.json:
        frame.document("backup", {"file": path, "files": count, "encrypted": not unencrypted, "log": head_of(here.ca)})
        return
    frame.out(f"{count} file{plural(count)} in {path}")
    if unencrypted and not without_identity_keys:
        frame.hint("the private keys of identities are in it, not encrypted: keep the file as you would keep them")
    where = here.passphrase_origin
    if not unencrypted:
        frame.hint("only the passphrase of the CA keys opens it: keep a copy of that too, apart from this file")
        if where:
            frame.hint(f"  it is in {where}")
    secret = f" --passphrase-file {word(where)}" if where and not unencrypted else ""
    frame.hint(head_of(here.ca).noted(frame.lang))
    frame.hint(f"try it: handclasp restore {word(path)}{secret} --home /tmp/try")
