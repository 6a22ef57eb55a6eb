"""handclasp store reopen."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("reopen")
@framed
def command(frame: Frame) -> None:
    r"""Use a registry again that was moved away, because the one it went to is lost.

    After `store migrate`, the registry that was left is refused by every host. What the other one did since is not in it: who
    was revoked there would be let in again. So it is as after `restore`: CRL numbers jump ahead, and the CA signs nothing until
    it has seen the CRLs that nginx has now, or is told that nothing was revoked. A move that was only cut off needs none of
    this: run `store migrate` again where it was begun.

    \b
    Example:
      handclasp store reopen
      handclasp restore --crl /etc/nginx/crl.pem
    """
    here = world(frame)
    gone, owed = here.reopen_store()
    if frame.json:
        frame.document("store-reopen", {"moved_to": gone, "open": owed})
        return
    frame.out(f"in use again; what {gone} did since is not known here")
    frame.hint(f"it signs nothing yet: what {', '.join(owed)} revoked after the move is not known")
    frame.hint("next: handclasp restore --crl FILE     the CRL file that nginx has now, or --nothing-since")
