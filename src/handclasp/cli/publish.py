"""handclasp publish."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import passphrase_options, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural

if TYPE_CHECKING:
    from handclasp.app.publish import Published


@click.command("publish")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--hours", type=click.IntRange(1, 720), default=24, show_default=True, help="Life of the OCSP answers; publish twice in it."
)
@click.option("--check", is_flag=True, help="Look at every file, also where nothing changed: somebody may have changed files.")
@passphrase_options
@framed
def command(
    frame: Frame, *, folder: str, hours: int, check: bool, passphrase_file: str | None, passphrase_fd: int | None
) -> int:
    r"""Write into DIR what everybody may fetch: CRLs, CA certificates, signed OCSP answers and a page with fingerprints.

    Any web server can serve it, with no Handclasp in the path; DIR/nginx-locations.conf says how nginx does. Run it after
    each revocation and from cron: only what changed, or has lost half its life, is looked at and signed anew. Exit code 1: for
    some CA nobody could sign.

    \b
    Example:
      handclasp publish /srv/pki --hours 24
      handclasp publish /srv/pki --hours 24 --check      files were lost there, or came from a backup
      include /srv/pki/nginx-locations.conf;      in a server block on port 80
    """
    import os
    from datetime import timedelta
    from functools import partial

    from handclasp.app.publish import Edition, publish
    from handclasp.cli.progress import progress
    from handclasp.present.public_page import public_page

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    target = os.path.abspath(folder)  # noqa: PTH100 - nginx needs the whole path
    done = publish(
        here.ca,
        here.pages,
        here.workers,
        Edition(folder=target, validity=timedelta(hours=hours), check=check),
        page=lambda found: public_page(found, frame.lang),
        watch=partial(progress, frame),
    )
    _report(frame, done, hours)
    return 1 if done.silent else 0


def _report(frame: Frame, done: "Published", hours: int) -> None:
    if frame.json:
        frame.document(
            "publish",
            {
                "folder": done.folder,
                "files": list(done.files),
                "answers": done.answers,
                "signed": done.signed,
                "removed": done.removed,
                "until": done.until,
                "silent": list(done.silent),
            },
        )
        return
    files, answers = len(done.files), done.answers
    frame.out(f"{done.folder}: {files} file{plural(files)}, {answers} OCSP answer{plural(answers)} ({done.signed} signed now)")
    if done.removed:
        frame.out(
            f"  {done.removed} {plural(done.removed, 'answer about a certificate', 'answers about certificates')} that ended "
            f"{plural(done.removed, 'is', 'are')} gone"
        )
    for why in done.silent:
        frame.out(f"  no answers: {why}")
    frame.hint(f"next: include {done.folder}/nginx-locations.conf;     in a server block on plain HTTP")
    frame.hint(f"and publish again within {max(1, hours // 2)} h, and after each revocation")
