"""handclasp ca request."""

import click

from handclasp.cli.ca_options import ca_key_type_option, dry_run_option, key_type_of, passphrase_options, world
from handclasp.cli.completing import profiles
from handclasp.cli.frame import Frame, framed


@click.command("request")
@click.argument("label")
@click.option("--name", required=True, help="Common name of the CA, for example 'Example Issuing CA 2'.")
@click.option("--organization", help="O of its subject.")
@click.option(
    "--for", "purposes", multiple=True, metavar="PROFILE", shell_complete=profiles, help="Only for this profile; repeatable."
)
@ca_key_type_option()
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    label: str,
    name: str,
    organization: str | None,
    purposes: tuple[str, ...],
    key_type: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make the key of a CA, which stays here, and a request for the machine where the key of its root is.

    \b
    Example:
      handclasp ca request issuing-2 --name "Example Issuing CA 2"
    """
    from handclasp.app.ceremony import request_ca, write_request
    from handclasp.model.issuance import KeyType
    from handclasp.pki.names import identity_name

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    kind = key_type_of(key_type) or KeyType.EC_P256
    pem = request_ca(here.ca, label, name=identity_name(name), organization=organization, key_type=kind, purposes=purposes)
    report_request(frame, label, write_request(here.ca, label, pem))


def report_request(frame: Frame, label: str, path: str) -> None:
    """Where the request is, and the way it goes."""
    from handclasp.present.ca_words import say

    if frame.json:
        frame.document("ca-request", {"label": label, "request": path})
        return
    frame.out(say(frame.lang, "request-made", path=path))
    frame.hint(say(frame.lang, "next-sign", file=path.rpartition("/")[2]))
