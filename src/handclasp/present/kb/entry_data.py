"""An entry as data, in all languages at once: the JSON that programs read. Its schema is `schema.py`."""

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause, Reference, Symptom
from handclasp.catalogue.measured import CameFrom, CauseCounts, of_cause, of_change
from handclasp.catalogue.references import url
from handclasp.catalogue.steps import Step, steps
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.diagnose.candidates import Candidate
from handclasp.diagnose.symptom_causes import came_from, causes_of, documentation, entries_by_cause, neighbours, seen_on
from handclasp.model.messages import languages
from handclasp.model.text import Text
from handclasp.present.rates import count_fields, origin_fields

SCHEMA = "handclasp/kb-entry/1"


def cause_data(cause: Cause) -> dict[str, object]:
    """Everything known of a cause. `lab` null: not measured."""
    counts = of_cause(cause.slug)
    return {
        "schema": SCHEMA,
        "slug": cause.slug,
        "kind": "cause",
        "title": texts(cause.title),
        "area": cause.area,
        "side": cause.side,
        "status": cause.status,
        "summary": texts(cause.summary),
        "check": texts(cause.tell_apart),
        "shown_as": [entry.slug for entry in entries_by_cause()[cause.slug]],
        "symptoms": [_symptom(symptom) for symptom in cause.symptoms],
        "remedies": [
            {
                "id": remedy.id,
                "applicability": remedy.applicability,
                "text": texts(remedy.text),
                "directives": remedy.directives,
                "commands": remedy.commands,
                "needs": texts(remedy.needs) if remedy.needs else None,
                "risk": texts(remedy.risk) if remedy.risk else None,
                "verify": _step(steps().proofs[remedy.verify]),
                "undo": _step(steps().undos[remedy.undo]),
                "lab": count_fields(of_change(cause.slug, remedy.id)),
            }
            for remedy in cause.remedies
        ],
        "dead_ends": [
            {
                "id": end.id,
                "action": texts(end.action),
                "why": texts(end.why),
                "danger": end.danger,
                "lab": count_fields(of_change(cause.slug, end.id)),
            }
            for end in cause.dead_ends
        ],
        "next_causes": cause.next_causes,
        "versions": [{"on": note.on, "text": texts(note.text)} for note in cause.versions],
        "looks_the_same": [candidate.cause for candidate in neighbours(cause.slug)],
        "references": [_reference(reference) for reference in cause.references],
        "lab": _lab(counts) if counts else None,
        "reproduce": f"handclasp lab run {cause.slug}" if counts else None,
        "generated": ["shown_as", "looks_the_same", "lab"],
    }


def symptom_data(entry: SymptomEntry) -> dict[str, object]:
    """What is seen, what it means, and its causes, most frequent in the lab first."""
    return {
        "schema": SCHEMA,
        "slug": entry.slug,
        "kind": entry.kind,
        "title": texts(entry.title),
        "says": texts(entry.says),
        "usually": texts(entry.usually) if entry.usually else None,
        "confused_with": [{"entry": pair.slug, "text": texts(pair.text)} for pair in entry.confused],
        "side": entry.side,
        "number": entry.number,
        "names": [{"openssl": row.series, "number": row.number, "symbol": row.symbol, "text": row.text} for row in entry.names],
        "page": entry.page,
        "logs": entry.logs,
        "said": entry.said,
        "causes": [_candidate(candidate) for candidate in causes_of(entry)],
        "came_from": origin_fields(came_from(entry)),
        "seen_on": [{"build": label(build), **_runs(came)} for build, came in seen_on(entry)],
        "documentation": [_reference(reference) for reference in documentation(entry)],
        "generated": ["causes", "came_from", "seen_on", "documentation"],
    }


def texts(text: Text) -> dict[str, str]:
    """One text in all languages."""
    return {lang: text.in_language(lang) for lang in languages()}


def _step(step: Step) -> dict[str, object]:
    return {"text": texts(step.text), "first": step.first, "commands": step.commands}


def _reference(reference: Reference) -> dict[str, object]:
    return {"kind": reference.kind, "title": reference.title, "url": url(reference)}


def _runs(came: CameFrom | None) -> dict[str, object]:
    found = came.causes if came else ()
    return {"runs": came.runs if came else 0, "causes": [{"cause": cause, "runs": runs} for cause, runs in found]}


def _candidate(candidate: Candidate) -> dict[str, object]:
    return {
        "cause": candidate.cause,
        "rank": candidate.rank,
        "check": texts(candidate.check),
        "runs": candidate.runs,
        "of": candidate.of,
        "look_alike": candidate.look_alike,
    }


def _symptom(symptom: Symptom) -> dict[str, object]:
    return {
        "variants": symptom.variants,
        "builds": [BUILDS[build].label for build in symptom.builds],
        "status": symptom.status,
        "title": symptom.title,
        "number": symptom.number,
        "logs": symptom.logs,
        "seen": symptom.seen,
        "start": symptom.start,
        "look_alike": symptom.look_alike,
    }


def _lab(counts: CauseCounts) -> dict[str, object]:
    return {
        "runs": counts.runs,
        "failed": counts.failed,
        "controls": counts.controls,
        "worked": counts.worked,
        "outcomes": [
            {"form": item.form, "build": label(item.build), "status": item.status, "number": item.number, "start": item.start}
            for item in counts.outcomes
        ],
    }


def label(build: str) -> str:
    """A build as people read it; one that the catalogue does not know as it is called."""
    return BUILDS[build].label if build in BUILDS else build
