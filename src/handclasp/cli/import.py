"""handclasp import."""  # noqa: N999 - the command is called so

import click

from handclasp.cli.ca_options import dry_run_option, passphrase_options, world
from handclasp.cli.frame import Frame, framed


@click.command("import")
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--label", default="old", show_default=True, help="What the CA is called here.")
@click.option("--old-passphrase-file", type=click.Path(dir_okay=False), help="File (mode 0600) with the old key's passphrase.")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    folder: str,
    label: str,
    old_passphrase_file: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Take over a CA from a folder of `openssl ca` or easy-rsa. The folder is only read.

    Its certificates stay good; they can be listed and revoked here. Renewing one issues it anew from this home's CA.

    \b
    Example:
      handclasp init && handclasp import /etc/ssl/demoCA
    """
    from handclasp.app.adopt import adopt, read_old_ca

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    here.ca.authorities()
    secret = here.secret_in(old_passphrase_file) if old_passphrase_file else None
    done = adopt(here.ca, read_old_ca(here.files, folder.rstrip("/") or "/", passphrase=secret), label=label)
    from handclasp.present.visible import visible

    if frame.json:
        from handclasp.cli.ca_json import crl_json

        fields = {"label": done.label, "subject": done.subject, "taken": done.taken, "revoked": done.revoked}
        frame.document("import", fields | {"missing": done.missing, "crls": [crl_json(one) for one in done.crls]})
        return
    frame.out(visible(f"{done.label}: {done.subject}, {done.taken} certificates, {done.revoked} of them revoked"))
    if done.missing:
        frame.out(f"  not found, but can be revoked: {', '.join(done.missing[:10])}{' ...' if len(done.missing) > 10 else ''}")
    frame.out(f"  for nginx: ssl_client_certificate {here.layout.bundle};")
    frame.out(f"             ssl_crl                {here.layout.crl};")
    frame.hint(
        "next: handclasp list     then renew one after the other; the old CA may go when none of its certificates is left"
    )
