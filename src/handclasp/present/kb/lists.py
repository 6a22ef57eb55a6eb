"""The pages that lead to entries: start page, by symptom, by cause, by version, the lab's matrix."""

from collections.abc import Iterator

from handclasp.catalogue import causes, measured, symptoms, verify_errors
from handclasp.catalogue.cause import Cause
from handclasp.catalogue.measured import CauseCounts
from handclasp.diagnose.symptom_causes import seen_on
from handclasp.model.nginx import OpensslSeries
from handclasp.model.text import Text, plural
from handclasp.present.explanation_words import versions
from handclasp.present.kb.entry_data import label
from handclasp.present.kb.html import Page
from handclasp.present.kb.words import AREAS, KINDS
from handclasp.present.rates import NOT_MEASURED

Group = tuple[Text, str, list[tuple[str, Text]]]


def list_pages(page: Page, version: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    by_kind, by_area = _by_kind(), _by_area()
    counted = [[(heading, anchor, len(rows)) for heading, anchor, rows in groups] for groups in (by_kind, by_area)]
    common = {"version": version, "description": page.plain("tagline")}
    yield (
        "index",
        page.html(
            "index",
            name="index",
            title=page.plain("site"),
            kinds=counted[0],
            areas=counted[1],
            classics=_classics(page),
            **common,
        ),
    )
    for name, groups in (("symptoms", by_kind), ("causes", by_area)):
        yield name, page.html("list", name=name, title=page.plain(name), groups=groups, **common)
    yield (
        "versions",
        page.html(
            "versions",
            name="versions",
            title=page.plain("versions"),
            series=list(OpensslSeries),
            moved=list(_moved()),
            builds=[label(build) for build in measured.measured().builds],
            shown=list(_shown(page)),
            notes=list(_notes(page)),
            **common,
        ),
    )
    rows = [_row(slug, counts, page) for slug, counts in measured.measured().causes.items()]
    yield "lab", page.html("lab", name="lab", title=page.plain("matrix"), summary=_summary(page), rows=rows, **common)


# What people ask for most, by the number of public threads and pages about it.
CLASSICS = (
    "client-error-27", "upstream-error-20", "client-error-21", "page-400-no-required-ssl-certificate-was-sent",
    "page-400-the-ssl-certificate-error", "client-error-12", "page-421-misdirected-request", "hole-revoked-resumes",
)  # fmt: skip


def _classics(page: Page) -> list[tuple[str, str]]:
    found = (symptoms.entry(slug) for slug in CLASSICS)
    return [(entry.slug, page.plain(entry.title)) for entry in found if entry]


def _by_kind() -> list[Group]:
    return [
        (heading, kind.value, [(entry.slug, entry.title) for entry in symptoms.entries() if entry.kind is kind])
        for kind, heading in KINDS.items()
    ]


def _by_area() -> list[Group]:
    areas = dict.fromkeys(outline.area for outline in causes.outlines())
    return [
        (AREAS.get(area, Text(en=area, zh=area)), area, [(o.slug, o.title) for o in causes.outlines() if o.area == area])
        for area in areas
    ]


def _moved() -> Iterator[tuple[int, list[str]]]:
    """Numbers whose symbol or text is not the same in all series."""
    for number in range(100):
        rows = [verify_errors.by_number(series, number) for series in OpensslSeries]
        named = {(row.symbol, row.text) for row in rows if row}
        if named and (len(named) > 1 or None in rows):
            yield number, [f"{row.symbol.removeprefix(verify_errors.PREFIX)}: {row.text}" if row else "-" for row in rows]


def _shown(page: Page) -> Iterator[tuple[str, str, list[int]]]:
    """Verification errors and pages that a run showed: address, title, runs on each build."""
    for entry in symptoms.entries():
        if counted := seen_on(entry):
            yield entry.slug, page.plain(entry.title), [came.runs if came else 0 for _, came in counted]


def _notes(page: Page) -> Iterator[tuple[str, list[tuple[str, Text]]]]:
    found: dict[str, list[tuple[str, Text]]] = {}
    for cause in _causes():
        for note in cause.versions:
            found.setdefault(note.on, []).append((cause.slug, note.text))
    for on in sorted(found):
        yield versions(on, page.lang), found[on]


def _causes() -> Iterator[Cause]:
    yield from (causes.load(slug) for slug in causes.slugs())


def _row(slug: str, counts: CauseCounts, page: Page) -> dict[str, object]:
    of, none = page.plain("of"), page.plain(NOT_MEASURED)
    dead = {end.id for end in causes.load(slug).dead_ends}
    rated = [(count.change, f"{count.fixed} {of} {count.runs}") for count in counts.changes]
    return {
        "slug": slug,
        "failed": f"{counts.failed} {of} {counts.runs}",
        "worked": f"{page.plain('worked')} {counts.worked} {of} {counts.controls}" if counts.controls else none,
        "remedies": [pair for pair in rated if pair[0] not in dead],
        "dead_ends": [pair for pair in rated if pair[0] in dead],
    }


def _summary(page: Page) -> str:
    data = measured.measured()
    runs, slugs = data.runs, len(data.causes)
    rest = len(causes.slugs()) - slugs
    names = [label(build) for build in data.builds]
    return page.plain(
        Text(
            en=f"{runs} run{plural(runs)} of {slugs} cause{plural(slugs)} on {', '.join(names)}. {rest} more "
            f"{plural(rest, 'is', 'are')} not measured.",
            zh=f"在 {'、'.join(names)} 上对 {slugs} 个原因进行了 {runs} 次实验。其余 {rest} 个原因未测量。",
        )
    )
