"""The pages of entries: what a template needs, worked out from the catalogue."""

from collections.abc import Iterable

from handclasp.catalogue import causes
from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause
from handclasp.catalogue.measured import CauseCounts, Outcome, of_cause, of_change
from handclasp.catalogue.pictures import pictures
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.catalogue.verify_errors import by_number
from handclasp.diagnose.symptom_causes import came_from, causes_of, entries_by_cause
from handclasp.model.text import Text
from handclasp.present.explanation import symptom_texts
from handclasp.present.explanation_words import APPLICABILITY, DANGER, lab, versions
from handclasp.present.kb.entry_data import label
from handclasp.present.kb.html import Page
from handclasp.present.kb.picture import svg
from handclasp.present.kb.words import AREAS, KINDS, STATUS
from handclasp.present.rates import fixed, helped, origins


def cause_page(cause: Cause, page: Page, version: str) -> bytes:
    """The page of one cause."""
    counts = of_cause(cause.slug)
    picture = pictures().get(cause.slug)
    return page.html(
        "cause",
        version=version,
        name=cause.slug,
        entry=True,
        title=page.plain(cause.title),
        description=page.plain(cause.summary),
        cause=cause,
        picture=svg(picture, page) if picture else None,
        form=picture.form if picture else None,
        area=AREAS.get(cause.area, Text(en=cause.area, zh=cause.area)),
        status=STATUS[cause.status],
        remedies=[_remedy(cause, number) for number in range(len(cause.remedies))],
        dead_ends=[_dead_end(cause, number) for number in range(len(cause.dead_ends))],
        shown_as=entries_by_cause()[cause.slug],
        looks=symptom_texts(cause),
        lab=lab(cause, page.lang),
        builds=[label(build) for build in counts.builds] if counts else [],
        table=_table(counts, page) if counts else [],
        notes=[(versions(note.on, page.lang), note.text) for note in cause.versions],
    )


def symptom_page(entry: SymptomEntry, page: Page, version: str) -> bytes:
    """The page of one symptom."""
    came = came_from(entry)
    found = [(causes.load(candidate.cause), candidate) for candidate in causes_of(entry)]
    return page.html(
        "symptom",
        version=version,
        name=entry.slug,
        entry=True,
        title=page.plain(entry.title),
        description=page.plain(entry.says),
        symptom=entry,
        literal=entry.title.en == entry.title.zh,
        kind=KINDS[entry.kind],
        came_from=origins(came) if came else None,
        causes=[{"cause": cause, "check": candidate.check, "look_alike": candidate.look_alike} for cause, candidate in found],
    )


def _remedy(cause: Cause, number: int) -> dict[str, object]:
    remedy = cause.remedies[number]
    return {
        "text": remedy.text,
        "kind": APPLICABILITY[remedy.applicability],
        "rate": fixed(of_change(cause.slug, remedy.id)),
        "directives": remedy.directives,
        "commands": remedy.commands,
    }


def _dead_end(cause: Cause, number: int) -> dict[str, object]:
    end = cause.dead_ends[number]
    count = of_change(cause.slug, end.id)
    return {
        "action": end.action,
        "why": end.why,
        "danger": end.danger.value,
        "mark": DANGER[end.danger],
        "rate": helped(count) if count else None,
    }


def _table(counts: CauseCounts, page: Page) -> list[tuple[str, list[str]]]:
    """One row a form, one cell a build."""
    forms = dict.fromkeys(outcome.form for outcome in counts.outcomes)
    return [(form, [_cell(counts.outcomes, form, build, page) for build in counts.builds]) for form in forms]


def _cell(outcomes: Iterable[Outcome], form: str, build: str, page: Page) -> str:
    found = next((item for item in outcomes if (item.form, item.build) == (form, build)), None)
    if found is None:
        return "-"
    if found.start:
        return page.plain("start")
    status = str(found.status) if found.status else "TLS"
    if found.number is None:
        return status
    row = by_number(BUILDS[build].series, found.number) if build in BUILDS else None
    return f"{status} ({found.number}:{row.text})" if row else f"{status} ({found.number})"
