"""handclasp lab export."""

import click

from handclasp.cli.frame import Frame, framed


@click.command("export")
@click.argument("variant", metavar="CAUSE[/FORM]")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Folder to write to; made if it is not there.")
@click.option("--change", help="Apply this remedy or dead end to the form.")
@framed
def command(frame: Frame, variant: str, out: str, change: str | None) -> int:
    r"""Write the files of one variant: nginx.conf and what it names, the client's chain and key, the recorded error log.

    \b
    Example:
      handclasp lab export client-verify-depth-too-small --out /tmp/case
      handclasp doctor --config /tmp/case/nginx.conf --prefix /tmp/case --client-cert /tmp/case/client.pem
    """
    from handclasp.lab.exhibit import exhibit
    from handclasp.lab.export import export_files
    from handclasp.lab.report import recorded
    from handclasp.lab.scenarios import variant_named
    from handclasp.wiring import World

    shown = exhibit(variant_named(variant, change), recorded())
    written = export_files(shown, out, World(frame.home).files)
    if frame.json:
        frame.document("lab-export", {"label": shown.label, "side": shown.side, "files": list(written)})
    else:
        for path in written:
            frame.out(path)
        peer = f" --client-cert {out}/client.pem" if shown.client_chain else ""
        upstream = f" --upstream --upstream-chain {out}/origin.pem" if shown.origin_chain else ""
        frame.hint(f"next:  handclasp doctor --config {out}/nginx.conf --prefix {out}{peer}{upstream}")
    return 0
