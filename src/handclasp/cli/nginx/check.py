"""handclasp nginx check."""

from typing import Any

import click

from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.config_options import config_evidence, config_options


@click.command("check")
@config_options
@framed
def command(frame: Frame, **options: Any) -> int:
    r"""Say whether nginx would start with a configuration, list everything it would refuse, and every hole in what it takes.

    nginx -t stops at the first fault; this lists all it finds, in the order and the words of nginx. When there is none, the
    doctor's rules look at every server that asks for certificates. No nginx is needed, and the judge may be another version
    (--nginx-version 1.28.0 --engine 3.5). Exit code 1 when nginx would refuse or there is an error, 3 when the text cannot be
    read at all.

    \b
    Examples:
      handclasp nginx check
      handclasp nginx check --config site/nginx.conf --nginx-version 1.26.3
    """
    from handclasp.app.nginx_status import nginx_check
    from handclasp.model.finding import Severity
    from handclasp.present.nginx_status import check_fields, check_text

    found = nginx_check(config_evidence(frame, options))
    if frame.json:
        frame.document("nginx-check", check_fields(found))
    else:
        frame.out(check_text(found, frame.lang))
        command = "nginx status" if not (found.faults or found.findings) else "nginx adopt" if not found.faults else "doctor"
        frame.hint(f"next: handclasp {command} --config {found.config}")
    return 1 if found.faults or any(finding.severity is Severity.ERROR for finding in found.findings) else 0
