"""handclasp kb search."""

import click

from handclasp.cli.frame import Frame, framed


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="At most so many entries.")
@framed
def command(frame: Frame, *, words: tuple[str, ...], limit: int) -> int:
    r"""List the entries that fit some words, best first: causes, error numbers, pages, log lines.

    Exit code 1 when none does.

    \b
    Examples:
      handclasp kb search crl expired
      handclasp kb search 中间证书 --lang zh
      handclasp kb search 421
    """
    from handclasp.app.kb_search import find
    from handclasp.present.columns import pad

    found = find(" ".join(words), limit=limit)
    if frame.json:
        rows = [{"slug": hit.slug, "kind": hit.kind, "title": hit.title.in_language(frame.lang)} for hit in found]
        frame.document("kb-search", {"entries": rows})
        return 0 if found else 1
    if not found:
        frame.hint("nothing fits; try fewer words, or paste the log line: handclasp explain 'LINE'")
        return 1
    widest = max(len(hit.slug) for hit in found)
    for hit in found:
        frame.out(f"{pad(hit.slug, widest + 2)}{hit.title.in_language(frame.lang)}")
    frame.hint(f"\nread one: handclasp explain {found[0].slug}")
    return 0
