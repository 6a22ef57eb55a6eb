"""A chain as SVG: one box a certificate, leaf at the bottom; the broken place has words and a dashed line, not only colour."""

from markupsafe import Markup, escape

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.pictures import Link, Picture
from handclasp.catalogue.verify_errors import by_number
from handclasp.model.nginx import OpensslSeries
from handclasp.present.columns import width
from handclasp.present.kb.html import Page

BUILD = "1.22/3.0"
BOX, GAP, WIDE, LEFT = 44, 30, 560, 8


def svg(picture: Picture, page: Page) -> Markup:
    """The picture with its description for those who cannot see it."""
    rows = list(reversed(picture.links))
    parts: list[str] = []
    top = 4
    if picture.missing:
        parts.append(_box(top, f"? {picture.missing}", page.plain("not-found"), broken=True))
        parts.append(_arrow(top, broken=True))
        top += BOX + GAP
    for place, link in enumerate(rows):
        parts.append(_box(top, link.subject, _note(link, page), broken=bool(link.errors)))
        if place + 1 < len(rows):
            parts.append(_arrow(top, broken=False))
        top += BOX + GAP
    height = top - GAP + 4
    said = escape(page.plain("picture") + " " + "; ".join(f"{link.subject}: {_note(link, page)}" for link in picture.links))
    drawn = (
        f'<svg viewBox="0 0 {WIDE + 2 * LEFT} {height}" width="{WIDE + 2 * LEFT}" height="{height}" role="img" '
        f'aria-label="{said}">{"".join(parts)}</svg>'
    )
    return Markup(drawn)  # noqa: S704 - every text in it is escaped


def _note(link: Link, page: Page) -> str:
    series = BUILDS[BUILD].series
    errors = ", ".join(f"{number} {_words(series, number)}".strip() for number in link.errors)
    return page.plain("sent" if link.sent else "from-file") + (f" · {errors}" if errors else "")


def _words(series: OpensslSeries, number: int) -> str:
    row = by_number(series, number)
    return row.text if row else ""


def _box(top: int, title: str, note: str, *, broken: bool) -> str:
    kind = "box bad" if broken else "box"
    dashes = ' stroke-dasharray="6 4"' if broken else ""
    small = ' class="small"' if width(note) > 60 else ""
    return (
        f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{WIDE}" height="{BOX}" rx="4"{dashes}/>'
        f'<text x="{LEFT + 10}" y="{top + 18}">{escape(title)}</text>'
        f'<text x="{LEFT + 10}" y="{top + 36}"{small}>{escape(note)}</text>'
    )


def _arrow(top: int, *, broken: bool) -> str:
    """From the issuer down to what it signed."""
    start, end, middle = top + BOX, top + BOX + GAP, LEFT + 40
    dashes = ' stroke-dasharray="4 4"' if broken else ""
    return f'<path class="arrow" d="M{middle} {start} V{end - 2} m-5 -7 l5 7 l5 -7"{dashes}/>'
