"""handclasp export."""

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed


@click.command("export")
@click.argument("name")
@click.option(
    "--for",
    "device",
    metavar="DEVICE",
    help="ios, macos, windows, windows-old, android, firefox, chrome-linux, curl, python, nodejs, java, nginx.",
)
@click.option(
    "-o", "--output", type=click.Path(file_okay=False), help="Folder to write into.  [default: the identity's folder]"
)
@click.option("--with-ca", is_flag=True, help="ios, macos: the profile also makes the device trust this CA for servers.")
@framed
def command(frame: Frame, *, name: str, device: str | None, output: str | None, with_ca: bool) -> None:
    r"""Write the files that a kind of device reads, and say what to do there.

    \b
    Examples:
      handclasp export alice --for ios
      handclasp export alice --lang zh --for android -o /media/stick
    """
    from pathlib import Path

    from handclasp.app.export import export
    from handclasp.catalogue.devices import DEVICES, device_named
    from handclasp.model.errors import UsageError

    if device is None:
        targets = "\n".join(f"--for {one.slug:13} {one.title}" for one in DEVICES)
        raise UsageError("say which device the files are for", hint=targets)
    made = export(
        world(frame).ca, name, device_named(device), lang=frame.lang,
        output=str(Path(output).absolute()) if output else None, with_ca=with_ca,
    )  # fmt: skip
    if frame.json:
        files = {path.rpartition("/")[2]: path for path in made.files}
        frame.document("export", {"name": name, "for": device, "folder": made.folder, "files": files, "steps": made.steps})
        return
    for path in made.files:
        frame.out(f"  {path}")
    for number, step in enumerate(made.steps, start=1):
        frame.out(f"{number}. {step}")
