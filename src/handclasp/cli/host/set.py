"""handclasp host set."""

import click

from handclasp.cli.ca_options import passphrase_options, world
from handclasp.cli.completing import identities
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.site_options import FILE


@click.command("set")
@click.argument("name", shell_complete=identities)
@click.option("--file", "intent", type=FILE, required=True, help="The handclasp.toml with its sites.")
@passphrase_options
@framed
def command(frame: Frame, *, name: str, intent: str, passphrase_file: str | None, passphrase_fd: int | None) -> None:
    r"""Say which sites the nginx host NAME serves: those of a handclasp.toml, and no others.

    NAME is an identity of this CA: the host shows its certificate to `handclasp serve` and gets its orders from there. Server
    certificates are not named in the file: the host makes its keys itself.

    \b
    Examples:
      handclasp issue web1
      handclasp host set web1 --file web1.toml
    """
    import os

    from handclasp.app.host_orders import set_host
    from handclasp.app.intent_file import read_intent

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    path = os.path.abspath(intent)  # noqa: PTH100
    said = read_intent(here.files.read(path), path)
    set_host(here.ca, name, said.sites)
    sites = [order.intent.server_names[0] for order in said.sites]
    if frame.json:
        frame.document("host-set", {"name": name, "sites": sites})
        return
    frame.out(f"{name} serves {', '.join(sites)}")
    folder = here.layout.identity(name)
    frame.hint(f"next: copy {folder}/chain.pem, key.pem and {here.layout.bundle} to that host, and run there:")
    frame.hint(
        "handclasp agent --server https://CA:8556 --cert chain.pem --key key.pem --ca bundle.pem --config-dir /etc/nginx"
    )
