"""An explanation as the fields of its JSON document."""

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause
from handclasp.catalogue.measured import of_cause, of_change
from handclasp.catalogue.references import url
from handclasp.catalogue.steps import Step, steps
from handclasp.diagnose.explanation import Explained, Explanation
from handclasp.diagnose.log_line import LogLine
from handclasp.model.text import Text
from handclasp.present.explanation import grouped, usual_texts
from handclasp.present.explanation_words import DOUBT, lab, versions
from handclasp.present.rates import count_fields, origin_fields

_LINE = (
    "time", "level", "pid", "connection", "number", "text", "reason", "alert", "name", "context", "client", "server", "request",
    "host", "upstream", "file", "row",
)  # fmt: skip


def explanation_fields(explanation: Explanation, lang: str) -> dict[str, object]:
    """Everything known, texts in one language; lab figures are counts of runs, null where nothing was measured."""
    doubt = explanation.doubt
    return {
        "lang": lang,
        "asked": explanation.asked,
        "kind": explanation.kind,
        "line": _line(explanation.line) if explanation.line else None,
        "title": explanation.title,
        "entry": explanation.entry.slug if explanation.entry else None,
        "errors": [
            {"number": row.number, "symbol": row.symbol, "text": row.text, "openssl": series}
            for row, series in grouped(explanation.errors)
        ],
        "genuine": doubt is None if explanation.line or doubt else None,
        "doubt": {"kind": doubt, "text": DOUBT[doubt].in_language(lang)} if doubt else None,
        "meaning": _text(explanation.meaning, lang),
        "usually": usual_texts(explanation, lang),
        "confused_with": [
            {"entry": pair.slug, "text": pair.text.in_language(lang)} for page in explanation.pages for pair in page.confused
        ],
        "came_from": origin_fields(explanation.came_from),
        "causes": [_cause(item, place, lang) for place, item in enumerate(explanation.causes, 1)],
    }


def _line(line: LogLine) -> dict[str, object]:
    return {"kind": line.kind, "side": line.side, "message": line.message} | {name: getattr(line, name) for name in _LINE}


def _cause(item: Explained, place: int, lang: str) -> dict[str, object]:
    cause, candidate = item.cause, item.candidate
    return {
        "cause": cause.slug,
        "rank": place,
        "area": cause.area,
        "side": cause.side,
        "title": cause.title.in_language(lang),
        "summary": cause.summary.in_language(lang),
        "check": cause.tell_apart.in_language(lang),
        "score": item.score,
        "why": _text(candidate.why, lang) if candidate else None,
        "look_alike": bool(candidate and candidate.look_alike),
        "other_versions": bool(candidate and candidate.other_versions),
        "remedies": [
            {
                "id": remedy.id,
                "applicability": remedy.applicability,
                "text": remedy.text.in_language(lang),
                "directives": remedy.directives,
                "commands": remedy.commands,
                "needs": _text(remedy.needs, lang),
                "risk": _text(remedy.risk, lang),
                "verify": _step(steps().proofs[remedy.verify], lang),
                "undo": _step(steps().undos[remedy.undo], lang),
                "lab": count_fields(of_change(cause.slug, remedy.id)),
            }
            for remedy in cause.remedies
        ],
        "dead_ends": [
            {
                "action": end.action.in_language(lang),
                "why": end.why.in_language(lang),
                "danger": end.danger,
                "lab": count_fields(of_change(cause.slug, end.id)),
            }
            for end in cause.dead_ends
        ],
        "lab": _lab(item, lang),
        "versions": [{"on": versions(note.on, lang), "text": note.text.in_language(lang)} for note in cause.versions],
        "next_causes": cause.next_causes,
        "references": [{"kind": it.kind, "title": it.title, "url": url(it)} for it in cause.references],
    }


def _step(step: Step, lang: str) -> dict[str, object]:
    return {"text": step.text.in_language(lang), "first": step.first, "commands": step.commands}


def _lab(item: Explained, lang: str) -> dict[str, object]:
    cause, candidate = item.cause, item.candidate
    return {
        "status": cause.status,
        "runs": candidate.runs if candidate and candidate.of else None,
        "of": candidate.of if candidate and candidate.of else None,
        "builds": [BUILDS[build].label for build in cause.builds],
        "fix_proven": _proven(cause),
        "reproduced": {"runs": counts.runs, "failed": counts.failed, "controls": counts.controls, "worked": counts.worked}
        if (counts := of_cause(cause.slug))
        else None,
        "reports": cause.reports,
        "text": lab(cause, lang),
    }


def _proven(cause: Cause) -> bool | None:
    """True: the same setup answered as it should with the fix. None: that was not measured."""
    return True if cause.proven else None


def _text(text: Text | None, lang: str) -> str | None:
    return text.in_language(lang) if text else None
