"""A diagnosis as the JSON document of `doctor`."""

from handclasp.catalogue.measured import of_change
from handclasp.model.finding import Answer, Demonstration, Diagnosis, Finding, Proof, Remedy
from handclasp.present.generated import generated_fields
from handclasp.present.rates import count_fields
from handclasp.present.verdict import verdict_fields


def diagnosis_fields(diagnosis: Diagnosis, lang: str, *, notes: tuple[str, ...] = ()) -> dict[str, object]:
    """The fields that follow "schema" in handclasp/doctor/1; texts in one language."""
    return {
        "verdict": verdict_fields(diagnosis.verdict) if diagnosis.verdict else None,
        "findings": [_finding(item, lang) for item in diagnosis.findings],
        "could_not_tell": [
            {"question": item.question.in_language(lang), "give": item.give.in_language(lang)}
            for item in diagnosis.could_not_tell
        ],
        "notes": list(notes),
    }


def _finding(finding: Finding, lang: str) -> dict[str, object]:
    where = finding.where
    return {
        "cause": finding.cause,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "summary": finding.summary.in_language(lang),
        "where": {
            "file": where.file, "line": where.line, "directive": where.directive, "depth": where.depth, "subject": where.subject
        },
        "evidence": [item.in_language(lang) for item in finding.evidence],
        "generated": generated_fields(finding.generated, lang),
        "demonstration": _demonstration(finding.demonstration, lang) if finding.demonstration else None,
        "remedies": [_remedy(finding.cause, item, lang) for item in finding.remedies],
        "dead_ends": [
            {
                "action": item.action.in_language(lang),
                "why": item.why.in_language(lang),
                "danger": item.danger.value,
                "lab": count_fields(of_change(finding.cause, item.id)),
            }
            for item in finding.dead_ends
        ],
    }  # fmt: skip


def _demonstration(shown: Demonstration, lang: str) -> dict[str, object]:
    return {
        "shown": shown.shown,
        "words": shown.words.in_language(lang),
        "steps": list(shown.steps),
        "before": _answer(shown.before),
        "after": _answer(shown.after) if shown.after else None,
        "shut": shown.shut,
    }


def _remedy(cause: str, remedy: Remedy, lang: str) -> dict[str, object]:
    return {
        "id": remedy.id,
        "title": remedy.title.in_language(lang),
        "applicability": remedy.applicability.value,
        "patch": remedy.patch,
        "commands": list(remedy.commands),
        "note": remedy.note.in_language(lang) if remedy.note else None,
        "lab": count_fields(of_change(cause, remedy.id)),
        "proof": _proof(remedy.proof, lang) if remedy.proof else None,
        "generated": generated_fields(remedy.generated, lang),
    }


def _proof(proof: Proof, lang: str) -> dict[str, object]:
    return {
        "before": _answer(proof.before),
        "after": _answer(proof.after),
        "still_refused": [item.in_language(lang) for item in proof.still_refused],
        "nginx": proof.nginx,
        "proved": proof.proved,
    }


def _answer(answer: Answer) -> dict[str, object]:
    return {"status": answer.status, "title": answer.title, "log": answer.log}
