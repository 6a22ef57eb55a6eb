"""handclasp ca token."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("token")
@click.option("--module", metavar="LIBRARY", help="PKCS#11 library, for example /usr/lib/softhsm/libsofthsm2.so.")
@click.option("--token", "label", metavar="LABEL", help="Label of the token, or its serial number.")
@click.option(
    "--pin-file",
    type=click.Path(dir_okay=False),
    help="File (mode 0600) with its PIN. Also: HANDCLASP_PIN_FILE.  [default: ask]",
)
@framed
def command(frame: Frame, *, module: str | None, label: str | None, pin_file: str | None) -> None:
    r"""Show or set the PKCS#11 token of this home. `ca add --in-token` then makes a CA's key in it.

    The token must be there while it is named; its PIN is asked for when a key is made.

    \b
    Example:
      handclasp ca token --module /usr/lib/softhsm/libsofthsm2.so --token ca --pin-file /etc/handclasp/pin
      handclasp ca add hsm --in-token
    """
    from pathlib import Path

    from handclasp.app.token import Token, set_token, token_of
    from handclasp.model.errors import UsageError

    here = world(frame)
    if (module is None) != (label is None):
        raise UsageError("--module and --token go together")
    if module is not None and label is not None:
        path = str(Path(pin_file).absolute()) if pin_file else None
        token = Token(module=str(Path(module).absolute()), label=label, pin_file=path)
        with here.ca.changing("naming a token"):
            here.check_token(token)
            set_token(here.ca, token)
    found = token_of(here.store)
    if frame.json:
        frame.document("ca-token", {"module": found.module, "token": found.label, "pin_file": found.pin_file})
        return
    frame.out(f"{found.label}   {found.module}")
    frame.hint("next: handclasp ca add LABEL --in-token")
