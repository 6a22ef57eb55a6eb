"""handclasp ca drop."""

import click

from handclasp.cli.ca_options import dry_run_option, passphrase_options, world
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed


@click.command("drop")
@click.argument("label", shell_complete=authorities)
@passphrase_options
@dry_run_option
@framed
def command(frame: Frame, *, label: str, passphrase_file: str | None, passphrase_fd: int | None) -> None:
    r"""Trust a retired CA, and those below it, no longer. Refused while somebody has no other certificate.

    \b
    Example:
      handclasp ca drop root && handclasp nginx apply
    """
    from handclasp.app.hierarchy import drop
    from handclasp.present.ca_words import say

    gone, crls = drop(world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd).ca, label)
    labels = [one.label for one in gone]
    if frame.json:
        from handclasp.cli.ca_json import crl_json

        frame.document("ca-drop", {"dropped": labels, "crls": [crl_json(one) for one in crls]})
        return
    frame.out(say(frame.lang, "is-dropped", labels=", ".join(labels)))
    frame.hint(say(frame.lang, "next-apply"))
