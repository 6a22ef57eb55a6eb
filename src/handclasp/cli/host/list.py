"""handclasp host list."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("list")
@framed
def command(frame: Frame) -> int:
    r"""Show every host: its sites, whether what it should serve is in force there and proven, and when it said so.

    A CRL is proven there when nginx refused a client that it revokes, the host's canary, as revoked.

    Exit code 1: some host is behind, has failed, has never reported, or has not proven a CRL.

    \b
    Example:
      handclasp host list
    """
    from handclasp.app.host_orders import hosts
    from handclasp.present.hosts_text import hosts_json, hosts_lines

    found = hosts(world(frame).ca)
    if frame.json:
        frame.document("host-list", {"hosts": hosts_json(found)})
    else:
        for line in hosts_lines(found, frame.lang):
            frame.out(line)
        if not found:
            frame.hint("next: handclasp host set NAME --file handclasp.toml")
    return 0 if all(one.proven for one in found) else 1
