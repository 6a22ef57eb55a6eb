"""handclasp ca accept."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, passphrase_options, world
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.home import Home


@click.command("accept")
@click.argument("file", type=click.Path(dir_okay=False))
@passphrase_options
@dry_run_option
@framed
def command(frame: Frame, *, file: str, passphrase_file: str | None, passphrase_fd: int | None) -> None:
    r"""Take what came from the machine of the root: the reply to a request, or a file of newer CRLs.

    \b
    Examples:
      handclasp ca accept reply.pem
      handclasp ca accept crl.pem
    """
    from handclasp.model.errors import InputError

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    content = here.files.read(file)
    if b"-----BEGIN CERTIFICATE REQUEST-----" in content:
        raise InputError(
            "is the request itself, not the reply to it",
            where=file,
            hint=f"bring it to the machine of the root: handclasp ca sign {file} -o reply.pem",
        )
    if b"-----BEGIN CERTIFICATE-----" not in content:
        _crls(frame, here.ca, content, file)
        return
    from cryptography.hazmat.primitives.hashes import SHA256

    from handclasp.app.ceremony import accept_ca
    from handclasp.cli.ca_json import authority_json, crl_json
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    done = accept_ca(here.ca, content, where=file)
    fingerprint = done.root.fingerprint(SHA256()).hex().upper()
    if frame.json:
        fields = {"authority": authority_json(done.authority), "root_sha256": fingerprint}
        frame.document("ca-accept", fields | {"crls": [crl_json(one) for one in done.crls]})
        return
    root = visible(done.root.subject.rfc4514_string())
    frame.out(say(frame.lang, "accepted", label=done.label, root=root, fingerprint=fingerprint))
    frame.hint(say(frame.lang, "compare"))


def _crls(frame: Frame, home: "Home", content: bytes, file: str) -> None:
    from handclasp.app.ceremony import accept_crls
    from handclasp.cli.ca_json import crl_json
    from handclasp.pki.ca_request import read_crls

    done = accept_crls(home, read_crls(content, where=file), where=file)
    if frame.json:
        frame.document("ca-accept", {"authority": None, "root_sha256": None, "crls": [crl_json(one) for one in done]})
        return
    for one in done:
        frame.out(f"  {one.authority}: {one.number}, {one.next_update:%Y-%m-%d}")
    frame.hint("next: nginx -s reload")
