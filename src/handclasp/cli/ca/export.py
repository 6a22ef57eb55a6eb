"""handclasp ca export."""

import click

from handclasp.cli.ca_options import dry_run_option, outside, passphrase_options, world
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("export")
@click.argument("label", shell_complete=authorities)
@click.argument("folder", type=click.Path(file_okay=False))
@passphrase_options
@dry_run_option
@framed
def command(frame: Frame, *, label: str, folder: str, passphrase_file: str | None, passphrase_fd: int | None) -> None:
    r"""Write a CA as a folder of `openssl ca`: key, certificates, index, numbers, CRL and a configuration.

    The key stays encrypted, under the passphrase of this home. The folder knows everything that was issued and revoked; openssl
    goes on from there. After that only one of the two may sign: retire the CA here, or keep the folder as a copy.

    \b
    Example:
      handclasp ca export issuing ./issuing-ca
      cd issuing-ca && openssl ca -config openssl.cnf -gencrl -out crl.pem
    """
    from handclasp.app.export_ca import export_ca

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    done = export_ca(here.ca, label, outside(frame, here, folder))
    if frame.json:
        fields = {"label": label, "folder": done.folder, "certificates": done.certificates}
        frame.document("ca-export", fields | {"revoked": done.revoked, "next_crl_number": done.next_crl})
        return
    frame.out(f"{label}: {done.certificates} certificate{plural(done.certificates)}, {done.revoked} revoked: {done.folder}")
    frame.hint(f"only one of the two may sign from now on: handclasp ca retire {label}     or keep the folder as a copy")
