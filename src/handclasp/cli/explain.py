"""handclasp explain."""

import os
import shutil
import sys

import click

from handclasp.cli.frame import Frame, framed


@click.command("explain")
@click.argument("what", nargs=-1, required=True)
@click.option("--long", "long", is_flag=True, help="Everything about every cause.")
@click.option("--markdown", is_flag=True, help="Markdown instead of terminal text.")
@click.option("--nginx-version", metavar="X.Y.Z", help="Only what this nginx can show.")
@click.option(
    "--engine", metavar="SERIES", help="Only what nginx with this OpenSSL can show: 1.0.2, 1.1.1, 3.0, 3.5, 3.6 or 4.0."
)
@framed
def command(
    frame: Frame, *, what: tuple[str, ...], long: bool, markdown: bool, nginx_version: str | None, engine: str | None
) -> int:
    r"""Explain a log line, an error number, a symbol, a page title, a cause, or a problem in plain words.

    Says what it means, which causes can give it (most frequent in the lab first) with the one check that tells each apart, what
    to do, and what not to do. Words may be English or Chinese, typing errors included. "-" reads from standard input. Exit code
    1 when the catalogue knows nothing of it.

    \b
    Examples:
      handclasp explain 'client SSL certificate verify error: (21:unable to verify the first certificate)'
      handclasp explain 'upstream 20' --engine 3.0
      handclasp explain X509_V_ERR_CERT_REVOKED --long
      handclasp explain 400 No required SSL certificate was sent
      handclasp explain 吊销列表过期 --lang zh
    """
    from handclasp.app.explain import Engine, explain
    from handclasp.model.nginx import NginxVersion, OpensslSeries

    given = sys.stdin.buffer.read() if what == ("-",) else os.fsencode(" ".join(what))
    asked = given.decode(errors="replace")
    limits = Engine(
        nginx=NginxVersion.parse(nginx_version) if nginx_version else None, series=OpensslSeries.of(engine) if engine else None
    )
    explanation = explain(asked, limits)
    if frame.json:
        from handclasp.present.explanation_data import explanation_fields

        frame.document("explain", explanation_fields(explanation, frame.lang))
        return 0 if explanation.causes else 1

    from handclasp.present.explanation import Page, explanation_text
    from handclasp.present.explanation_markdown import explanation_markdown

    page = Page(lang=frame.lang, columns=max(40, min(shutil.get_terminal_size((100, 24)).columns, 110)), long=long)
    frame.out(explanation_markdown(explanation, page) if markdown else explanation_text(explanation, page))
    if not explanation.causes:
        frame.hint(
            'try the line from error.log (level info), its number, or fewer words: handclasp explain "certificate expired"'
        )
        return 1
    if len(explanation.causes) > 1 and not long:
        frame.hint(f"\nall of one cause: handclasp explain {explanation.causes[0].cause.slug}   all of them: --long")
    else:
        frame.hint("\nfind out which one it is here: handclasp doctor --config nginx.conf --client-cert client.pem")
    return 0
