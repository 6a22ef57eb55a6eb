"""handclasp restore."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, passphrase_options, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural

if TYPE_CHECKING:
    from handclasp.app.settle import Settled
    from handclasp.wiring import World


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False), required=False)
@click.option(
    "--crl", "crls", multiple=True, type=click.Path(dir_okay=False), help="The CRL file that nginx has now. May be repeated."
)
@click.option(
    "--certificates", multiple=True, type=click.Path(), help="Certificates issued after the backup: a file or folder."
)
@click.option("--nothing-since", is_flag=True, help="You know that nothing was revoked after the backup.")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    file: str | None,
    crls: tuple[str, ...],
    certificates: tuple[str, ...],
    nothing_since: bool,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Make a home from a backup, in a folder that does not exist yet. Without FILE: tell a restored home what happened since.

    What was revoked after the backup is forgotten by it. So a restored CA signs nothing, no CRL either, until it has seen the
    CRLs that nginx has now, or is told that nothing was revoked. Certificates that were issued after it are known again with
    --certificates, then or later.

    Go on with one machine only: two that issue for the same CAs do not know of each other's revocations. Neither gives nginx
    CRLs that are older than what it has.

    \b
    Examples:
      handclasp restore ca.sealed --crl /etc/nginx/crl.pem
      handclasp restore --certificates ./issued-since --crl /etc/nginx/crl.pem
    """
    from handclasp.model.errors import UsageError

    if file is None and not (crls or certificates or nothing_since):
        raise UsageError("say which backup to restore", hint="handclasp restore FILE --crl /etc/nginx/crl.pem")
    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    fields: dict[str, object] = {"home": here.home}
    if file is not None:
        fields |= _unpacked(frame, here, file)
    if crls or certificates or nothing_since:
        done = _settled(here, crls, certificates, nothing_since=nothing_since)
    else:
        from handclasp.app.settle import Settled, owed

        done = Settled(revoked=(), unknown=(), found=(), open=owed(here.ca))
    if frame.json:
        told = {"revoked": done.revoked, "unknown": done.unknown, "found": done.found, "open": done.open}
        frame.document("restore", fields | told)
        return
    for serial in done.revoked:
        frame.out(f"  revoked again: {serial}{'   (issued after the backup)' if serial in done.unknown else ''}")
    for serial in done.found:
        frame.out(f"  known again: {serial}")
    if done.open:
        frame.hint(f"it signs nothing yet: what {', '.join(done.open)} revoked after the backup is not known")
        frame.hint("next: handclasp restore --crl FILE     the CRL file that nginx has now, or --nothing-since")
    else:
        if file is not None and not certificates:
            frame.hint("what was issued after the backup is not known here: handclasp restore --certificates FOLDER")
        frame.hint("next: handclasp crl --refresh")


def _unpacked(frame: Frame, here: "World", file: str) -> dict[str, object]:
    from pathlib import Path

    from handclasp.app.backup import unpack
    from handclasp.app.crashpoint import crashpoint
    from handclasp.app.settle import begin

    made, count = unpack(here.files, here.layout, file, lambda: here.passphrase.get(new=False))
    crashpoint("restore.unpacked")
    begin(here.ca, made, passphrase_file=str(Path(here.passphrase_file).absolute()) if here.passphrase_file else None)
    if not frame.json:
        frame.out(f"{count} file{plural(count)} of {made:%Y-%m-%d %H:%M} UTC in {here.home}")
    return {"made": made, "files": count}


def _settled(here: "World", crls: tuple[str, ...], certificates: tuple[str, ...], *, nothing_since: bool) -> "Settled":
    from handclasp.app.settle import Since, settle
    from handclasp.pki.given_chain import given_chain
    from handclasp.pki.given_lists import any_certificates

    lists = {path: here.files.read(path) for path in crls}
    found: dict[str, bytes] = {}
    for place in certificates:
        if not here.files.is_folder(place):
            found[place] = here.files.read(place)
            given_chain(found[place], where=place)  # which tells what it is instead
            continue
        for path in here.files.walk(place):
            content = here.files.read(path)
            if any_certificates(content, where=path):
                found[path] = content
    return settle(here.ca, Since(crls=lists, certificates=found, nothing=nothing_since))
