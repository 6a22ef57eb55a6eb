"""handclasp man."""

import click

from handclasp.cli.frame import LazyGroup


@click.command("man")
@click.argument("folder", type=click.Path(file_okay=False))
def command(folder: str) -> None:
    r"""Write a manual page for every command, made of its help.

    \b
    Example:
      handclasp man ~/.local/share/man/man1 && man handclasp-doctor
    """
    from handclasp.cli import handclasp
    from handclasp.cli.man_page import pages
    from handclasp.wiring import World

    assert isinstance(handclasp, LazyGroup)
    files = World(folder).files
    files.make_folder(folder)
    for name, text in pages(handclasp, "handclasp"):
        path = f"{folder.rstrip('/')}/{name}.1"
        files.write(path, text.encode())
        click.echo(path)
