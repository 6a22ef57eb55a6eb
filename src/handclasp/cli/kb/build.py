"""handclasp kb build."""

from pathlib import Path

import click

from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural


@click.command("build")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@framed
def command(frame: Frame, *, folder: Path) -> int:
    r"""Write the knowledge base into a folder: pages in English and Chinese, Markdown, JSON, llms.txt.

    The pages need no server: open index.html, or serve the folder with nginx. A folder that holds anything else is refused.

    \b
    Example:
      handclasp kb build ./kb
    """
    from handclasp import __version__
    from handclasp.app.kb import build
    from handclasp.cli import handclasp
    from handclasp.cli.reference import command_helps
    from handclasp.present.kb.site import site
    from handclasp.wiring import World

    place = folder.absolute()
    built = build(dict(site(__version__, tuple(command_helps(handclasp)))), str(place), World(frame.home).pages)
    if frame.json:
        document = {"folder": str(place), "written": built.written, "kept": built.kept, "removed": built.removed}
        frame.document("kb-build", document)
        return 0
    frame.out(f"{place}: {built.written} file{plural(built.written)} written, {built.kept} unchanged, {built.removed} removed")
    frame.hint(f"open {place}/index.html in a browser; nothing in it is fetched from elsewhere")
    return 0
