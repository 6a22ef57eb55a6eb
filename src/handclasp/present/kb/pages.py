"""The pages of entries: what a template needs, worked out from the catalogue."""

from collections.abc import Iterable

from markupsafe import Markup

from handclasp.catalogue import causes, symptoms
from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause, Reference
from handclasp.catalogue.measured import CameFrom, CauseCounts, Outcome, of_cause, of_change
from handclasp.catalogue.pictures import pictures
from handclasp.catalogue.references import url
from handclasp.catalogue.steps import steps
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.catalogue.verify_errors import by_number
from handclasp.diagnose.candidates import Candidate
from handclasp.diagnose.symptom_causes import came_from, causes_of, documentation, entries_by_cause, neighbours, seen_on
from handclasp.model.finding import Danger
from handclasp.model.text import Text
from handclasp.present.explanation import symptom_texts
from handclasp.present.explanation_words import APPLICABILITY, DANGER, lab, versions
from handclasp.present.kb.entry_data import label
from handclasp.present.kb.html import Page
from handclasp.present.kb.picture import svg
from handclasp.present.kb.words import AREAS, KINDS, STATUS
from handclasp.present.rates import fixed, helped, runs_on


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
        others=[causes.outline(candidate.cause) for candidate in neighbours(cause.slug)],
        nexts=[(slug, page.plain(causes.outline(slug).title)) for slug in cause.next_causes],
        official=_addressed(item for item in cause.references if item.kind != "report"),
        threads=_addressed(item for item in cause.references if item.kind == "report"),
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
    counted = "order-counted" if any(candidate.runs for _, candidate in found) else "order-unmeasured"
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
        order="order-listed" if entry.causes else counted,
        came_from=_bars(came, page) if came else [],
        came_from_words=runs_on(came) if came else None,
        by_build=[(label(build), it.causes if it else ()) for build, it in seen_on(entry)],
        causes=[_candidate(cause, candidate) for cause, candidate in found],
        dead_ends=_dangers(cause for cause, _ in found[:4]),
        confused=[(pair.slug, _title(pair.slug), pair.text) for pair in entry.confused],
        official=_addressed(documentation(entry)),
        picture=_picture(entry, found, page),
        reproduce=next((cause.slug for cause, candidate in found if candidate.runs), None),
    )


def _picture(entry: SymptomEntry, found: Iterable[tuple[Cause, Candidate]], page: Page) -> tuple[Markup, str, str] | None:
    """The chain of the first cause that raises this number in a picture, with the cause's title and form."""
    for cause, _ in found:
        picture = pictures().get(cause.slug)
        if picture and any(entry.number in link.errors for link in picture.links):
            return svg(picture, page), page.plain(cause.title), picture.form
    return None


def _candidate(cause: Cause, candidate: Candidate) -> dict[str, object]:
    """A cause below what is seen: how often it showed it, the check, and its first remedy."""
    count = of_change(cause.slug, cause.remedies[0].id)
    return {
        "cause": cause,
        "check": candidate.check,
        "look_alike": candidate.look_alike,
        "runs": candidate.runs,
        "why": candidate.why,
        "remedy": cause.remedies[0],
        "rate": fixed(count),
        "counted": count is not None,
    }


def _dangers(found: Iterable[Cause]) -> list[dict[str, object]]:
    """What must not be done whichever of these causes it is: dead ends that endanger somebody, each action once."""
    ends: dict[str, dict[str, object]] = {}
    for cause in found:
        for number, end in enumerate(cause.dead_ends):
            if end.danger is not Danger.NONE:
                ends.setdefault(end.id or end.action.en, _dead_end(cause, number))
    return list(ends.values())


def _bars(came: CameFrom, page: Page) -> list[tuple[str, str, int, int]]:
    """Cause, title, runs, and the length of its bar: the longest is whole."""
    most = came.causes[0][1]
    return [
        (slug, page.plain(causes.outline(slug).title), runs, max(1, round(100 * runs / most))) for slug, runs in came.causes
    ]


def _title(slug: str) -> Text:
    entry = symptoms.entry(slug)
    assert entry, slug
    return entry.title


def _addressed(references: Iterable[Reference]) -> list[tuple[Reference, str | None]]:
    return [(reference, url(reference)) for reference in references]


def _remedy(cause: Cause, number: int) -> dict[str, object]:
    remedy = cause.remedies[number]
    return {
        "text": remedy.text,
        "kind": APPLICABILITY[remedy.applicability],
        "applicability": remedy.applicability.value,
        "rate": fixed(of_change(cause.slug, remedy.id)),
        "counted": of_change(cause.slug, remedy.id) is not None,
        "needs": remedy.needs,
        "risk": remedy.risk,
        "verify": steps().proofs[remedy.verify],
        "undo": steps().undos[remedy.undo],
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
