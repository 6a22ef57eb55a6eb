"""handclasp ca sign."""

import click

from handclasp.cli.ca.shared import limit_options
from handclasp.cli.ca_options import days_option, dry_run_option, lifetime, outside, passphrase_options, world
from handclasp.cli.completing import authorities
from handclasp.cli.frame import Frame, framed


@click.command("sign")
@click.argument("request", type=click.Path(dir_okay=False))
@click.option("-o", "--output", type=click.Path(dir_okay=False), required=True, help="New file for the reply.")
@click.option("--parent", metavar="LABEL", shell_complete=authorities, help="The CA that signs.  [default: the root]")
@click.option("--name", help="Its common name.  [default: that of the request]")
@limit_options
@days_option("Life of the CA.  [default: 1825]", "issuing-ca")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    request: str,
    output: str,
    parent: str | None,
    name: str | None,
    purposes: tuple[str, ...],
    permit: tuple[str, ...],
    exclude: tuple[str, ...],
    path_length: int | None,
    days: int | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Sign the request of a CA from another machine. The reply holds its certificate, those above, and their CRLs.

    Of the request only name and key are taken; what the CA may do is decided here.

    \b
    Example:
      handclasp ca sign issuing.csr -o reply.pem --permit dns:example.test
    """
    from handclasp.app.ceremony import sign_ca
    from handclasp.app.hierarchy import CaOrder
    from handclasp.model.errors import PolicyError
    from handclasp.pki.csr import read_csr, subject_of
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    content = here.files.read(request)
    path = outside(frame, here, output)
    if here.files.exists(path):  # before a CA is signed that nobody would get
        raise PolicyError("there is a file of that name", where=output, hint="move it away, or take another name with -o")
    order = CaOrder(
        label="below",
        parent=parent,
        name=name,
        purposes=purposes,
        permit=permit,
        exclude=exclude,
        path_length=path_length,
        lifetime=lifetime(days),
    )
    wishes = read_csr(content, where=request)
    made = sign_ca(here.ca, wishes, subject_of(content), order)
    here.files.create(path, made.reply, mode=0o644)
    subject, end = made.certificate.subject.rfc4514_string(), f"{made.certificate.not_valid_after_utc:%Y-%m-%d}"
    if frame.json:
        serial = f"{made.certificate.serial_number:X}"
        fields = {"subject": subject, "serial": serial, "not_after": made.certificate.not_valid_after_utc, "reply": path}
        frame.document("ca-sign", fields)
        return
    frame.out(say(frame.lang, "ca-signed", subject=visible(subject), end=end, path=path))
    frame.hint(say(frame.lang, "next-accept", file=path.rpartition("/")[2]))
