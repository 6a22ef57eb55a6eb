"""An entry as data, in all languages at once: the JSON that programs read. Its schema is `schema.py`."""

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause, Symptom
from handclasp.catalogue.measured import CauseCounts, of_cause, of_change
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.diagnose.candidates import Candidate
from handclasp.diagnose.symptom_causes import came_from, causes_of, entries_by_cause
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
        "references": [{"kind": reference.kind, "title": reference.title} for reference in cause.references],
        "lab": _lab(counts) if counts else None,
        "reproduce": f"handclasp lab run {cause.slug}" if counts else None,
    }


def symptom_data(entry: SymptomEntry) -> dict[str, object]:
    """What is seen, what it means, and its causes, most frequent in the lab first."""
    return {
        "schema": SCHEMA,
        "slug": entry.slug,
        "kind": entry.kind,
        "title": texts(entry.title),
        "says": texts(entry.says),
        "side": entry.side,
        "number": entry.number,
        "names": [{"openssl": row.series, "number": row.number, "symbol": row.symbol, "text": row.text} for row in entry.names],
        "page": entry.page,
        "logs": entry.logs,
        "causes": [_candidate(candidate) for candidate in causes_of(entry)],
        "came_from": origin_fields(came_from(entry)),
    }


def texts(text: Text) -> dict[str, str]:
    """One text in all languages."""
    return {"en": text.en, "zh": text.zh}


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
