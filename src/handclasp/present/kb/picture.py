"""A chain as SVG: one box a certificate, leaf at the bottom; the broken place has words and a dashed line, not only colour.

Narrow enough to be read on a phone: whatever does not fit on a line goes on in the next.
"""

from dataclasses import dataclass

from markupsafe import Markup, escape

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.pictures import Link, Picture
from handclasp.catalogue.verify_errors import by_number
from handclasp.model.nginx import OpensslSeries
from handclasp.present.columns import wrap
from handclasp.present.kb.html import Page

BUILD = "1.22/3.0"
GAP, WIDE, LEFT, LINE, ABOVE = 28, 400, 4, 19, 24
# Characters of the note's size that fit into a box.
FITTING = 54


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """What a box says: the certificate, where it is from, what was raised at it."""

    title: str
    notes: tuple[str, ...]
    broken: bool

    @property
    def height(self) -> int:
        return ABOVE + LINE * len(self.notes) + 8


def svg(picture: Picture, page: Page) -> Markup:
    """The picture with its description for those who cannot see it."""
    boxes = [_of_link(link, page) for link in reversed(picture.links)]
    if picture.missing:
        boxes.insert(0, _Box(title=f"? {picture.missing}", notes=(page.plain("not-found"),), broken=True))
    parts: list[str] = []
    top = 4
    for place, box in enumerate(boxes):
        parts.append(_drawn(box, top))
        if place + 1 < len(boxes):
            parts.append(_arrow(top + box.height, broken=bool(picture.missing) and not place))
        top += box.height + GAP
    height, whole = top - GAP + 4, WIDE + 2 * LEFT
    said = escape(page.plain("picture") + " " + "; ".join(f"{link.subject}: {_note(link, page)}" for link in picture.links))
    drawn = (
        f'<svg class="drawn" viewBox="0 0 {whole} {height}" width="{whole}" height="{height}" role="img" '
        f'aria-label="{said}">{"".join(parts)}</svg>'
    )
    return Markup(drawn)  # noqa: S704 - every text in it is escaped


def _of_link(link: Link, page: Page) -> _Box:
    where = page.plain("sent" if link.sent else "from-file")
    notes = [line for error in _errors(link) for line in wrap(error, FITTING)]
    return _Box(title=link.subject, notes=(where, *notes), broken=bool(link.errors))


def _note(link: Link, page: Page) -> str:
    return " · ".join((page.plain("sent" if link.sent else "from-file"), *_errors(link)))


def _errors(link: Link) -> list[str]:
    series = BUILDS[BUILD].series
    return [f"{number} {_words(series, number)}".strip() for number in link.errors]


def _words(series: OpensslSeries, number: int) -> str:
    row = by_number(series, number)
    return row.text if row else ""


def _drawn(box: _Box, top: int) -> str:
    kind = "box bad" if box.broken else "box"
    dashes = ' stroke-dasharray="6 4"' if box.broken else ""
    lines = "".join(
        f'<text class="said" x="{LEFT + 14}" y="{top + ABOVE + LINE * place + 14}">{escape(note)}</text>'
        for place, note in enumerate(box.notes)
    )
    return (
        f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{WIDE}" height="{box.height}" rx="6"{dashes}/>'
        f'<text x="{LEFT + 14}" y="{top + ABOVE - 3}">{escape(box.title)}</text>{lines}'
    )


def _arrow(start: int, *, broken: bool) -> str:
    """From the issuer down to what it signed."""
    middle = LEFT + 34
    dashes = ' stroke-dasharray="4 4"' if broken else ""
    return f'<path class="arrow" d="M{middle} {start} V{start + GAP - 2} m-5 -7 l5 7 l5 -7"{dashes}/>'
