"""handclasp nginx status."""

from typing import Any

import click

from handclasp.cli.evidence_options import Moment
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.config_options import config_evidence, config_options


@click.command("status")
@config_options
@click.option("--at", type=Moment(), help="Judge as of this time.  [default: now]")
@framed
def command(frame: Frame, **options: Any) -> None:
    r"""Show who asks for client certificates, from whom, and what the backends are told.

    One table per listen address: the servers behind it, whether they ask, the CAs they trust, until when their CRLs are good.
    "without SNI" is what a client reaches that names no server. Nothing is changed, and nginx need not run.

    \b
    Examples:
      handclasp nginx status
      nginx -T > dump.txt; handclasp nginx status --config dump.txt --json
    """
    from handclasp.app.nginx_status import nginx_status
    from handclasp.present.nginx_status import status_text

    found = nginx_status(config_evidence(frame, options))
    if frame.json:
        frame.document("nginx-status", found)
        return
    frame.out(status_text(found, frame.lang))
    frame.hint(f"next: handclasp nginx check --config {found.config}")
