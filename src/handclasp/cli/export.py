"""handclasp export."""

import re
from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, is_dry_run, outside, passphrase_options, world
from handclasp.cli.completing import devices, identities
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.export import Bundle
    from handclasp.catalogue.devices import Device

_URL = re.compile(r"https://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?\Z")


@click.command("export")
@click.argument("name", shell_complete=identities)
@click.option(
    "--for",
    "device",
    metavar="DEVICE",
    shell_complete=devices,
    help="ios, android, macos, windows, windows-old, firefox, chrome-linux, curl, python, nodejs, java, gnutls, nginx.",
)
@click.option(
    "-o", "--output", type=click.Path(file_okay=False), help="Folder to write into.  [default: the identity's folder]"
)
@click.option("--url", default="https://your.server/", help="The server's address, for the card.")
@click.option("--with-ca", is_flag=True, help="The server's certificate is of this CA: the device is to trust it for servers.")
@click.option("--unsigned", is_flag=True, help="ios, macos: leave the profile without a signature; no CA key is needed.")
@click.option("--password-file", type=click.Path(dir_okay=False), help="New file for the password, instead of showing it once.")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    name: str,
    device: str | None,
    output: str | None,
    url: str,
    with_ca: bool,
    unsigned: bool,
    password_file: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    r"""Write the files that a kind of device reads, with a card in English and Chinese that says what to do there.

    The password of PKCS#12 files and Apple profiles is made anew each time, shown once, and kept nowhere.

    \b
    Examples:
      handclasp export alice --for ios --url https://app.example.test/
      handclasp export alice --for windows -o /media/stick --password-file ~/alice-password.txt
    """
    from dataclasses import replace

    from handclasp.app.export import ExportOrder, export
    from handclasp.present.card import card_files

    target = _device(frame, device)
    _check_url(url)
    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    order = ExportOrder(
        name=name,
        device=target,
        url=url,
        output=outside(frame, here, output, new=False) if output else None,
        with_ca=with_ca,
        unsigned=unsigned,
        password_file=outside(frame, here, password_file) if password_file else None,
    )
    made = export(here.ca, order, card_files)
    if is_dry_run():
        made = replace(made, password=None)  # another one will be shown when it is done
    _report(frame, made, target.slug)


def _device(frame: Frame, slug: str | None) -> "Device":
    from handclasp.catalogue.devices import DEVICES, device_named
    from handclasp.model.errors import UsageError

    if slug is None:
        targets = "\n".join(f"--for {one.slug:13} {one.title.in_language(frame.lang)}" for one in DEVICES)
        raise UsageError("say which device the files are for", hint=targets)
    return device_named(slug)


def _check_url(url: str) -> None:
    from handclasp.model.errors import UsageError

    if not _URL.match(url):
        raise UsageError(
            f"is not the address of a server that client certificates are for: {url[:80]!r}",
            hint="for example: --url https://app.test/",
        )


def _report(frame: Frame, made: "Bundle", device: str) -> None:
    if frame.json:
        _document(frame, made, device)
        return
    for path in made.files:
        frame.out(f"  {path}")
    for number, step in enumerate(made.card.steps, start=1):
        frame.out(f"{number}. {step.text.in_language(frame.lang)}")
        for line in step.code.splitlines():
            frame.out(f"     {line}")
    if made.password:
        frame.out(f"password: {made.password}")
        frame.hint("it is shown only now: give it to the owner by another way than the file")


def _document(frame: Frame, made: "Bundle", device: str) -> None:
    files = {path.rpartition("/")[2]: path for path in made.files}
    steps = [{"text": step.text.in_language(frame.lang), "code": step.code or None} for step in made.card.steps]
    fields = {"name": made.card.name, "for": device, "folder": made.folder, "files": files, "steps": steps}
    frame.document("export", fields | {"password": made.password})
