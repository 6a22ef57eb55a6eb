"""An explanation for the terminal: meaning, causes in order with the check that tells each apart, remedies, dead ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause, CauseRemedy, Symptom
from handclasp.catalogue.measured import of_change
from handclasp.catalogue.steps import steps
from handclasp.catalogue.verify_errors import VerifyErrorName, by_number
from handclasp.diagnose.candidates import Candidate
from handclasp.diagnose.explanation import Explanation, Kind
from handclasp.model.nginx import OpensslSeries
from handclasp.present.columns import pad, width, wrap
from handclasp.present.explanation_words import APPLICABILITY, DANGER, DOUBT, lab, versions, word
from handclasp.present.rates import fixed, helped, origins
from handclasp.present.visible import visible

SHORT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How to write: language, terminal columns, and whether everything is wanted."""

    lang: str = "en"
    columns: int = 100
    long: bool = False


def explanation_text(explanation: Explanation, page: Page) -> str:
    """The whole answer for a terminal."""
    blocks = [_head(explanation, page)]
    one = len(explanation.causes) == 1
    shown = explanation.causes if page.long else explanation.causes[:SHORT]
    if explanation.causes and not one:
        blocks.append([rule(page, word(causes_heading(explanation), page.lang))])
    for place, item in enumerate(shown, 1):
        full = page.long or one or (place == 1 and explanation.kind is not Kind.WORDS)
        number = None if one else place
        blocks.append(cause_lines(page, item.cause, place=number, candidate=item.candidate, full=full))
    if not explanation.causes:
        blocks.append([word("nothing" if explanation.kind is Kind.WORDS else "no-cause", page.lang)])
    blocks.append(_confused(explanation, page))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def causes_heading(explanation: Explanation) -> str:
    """The key of the words above several causes: how they are ordered."""
    if explanation.kind is Kind.WORDS:
        return "best"
    if explanation.entry and explanation.entry.causes:
        return "causes-listed"
    counted = any(item.candidate and item.candidate.runs for item in explanation.causes)
    return "causes" if counted else "causes-unmeasured"


def usual_texts(explanation: Explanation, lang: str) -> list[str]:
    """What it usually comes down to; with the side before it where that is not known."""
    pages = [page for page in explanation.pages if page.usually]
    sides = len(explanation.pages) > 1
    return [
        (word(page.side, lang) + word("colon", lang) if sides and page.side else "") + page.usually.in_language(lang)
        for page in pages
        if page.usually
    ]


def _confused(explanation: Explanation, page: Page) -> list[str]:
    """Entries that look alike; only where one page answers, or everything is wanted."""
    pages = explanation.pages if page.long or len(explanation.pages) == 1 else ()
    pairs = [pair for entry in pages for pair in entry.confused]
    if not pairs:
        return []
    lines = [rule(page, word("confused", page.lang))]
    for pair in pairs:
        lines += wrap(f"{pair.text.in_language(page.lang)}  ({pair.slug})", page.columns, first="  - ", rest="    ")
    return lines


def _head(explanation: Explanation, page: Page) -> list[str]:
    """What was given, what is wrong with it, and what it means."""
    lines = error_lines(explanation.errors, page.lang)
    line = explanation.line
    if explanation.title:
        lines.append(explanation.title)
    if line and not explanation.errors:
        lines += wrap(visible(line.message), page.columns)
    if explanation.doubt:
        lines += wrap(DOUBT[explanation.doubt].in_language(page.lang), page.columns, first="! ", rest="  ")
    if explanation.meaning:
        lines += wrap(explanation.meaning.in_language(page.lang), page.columns)
    for text in usual_texts(explanation, page.lang):
        first, *more = text.split("\n")
        lines += ["", *wrap(first, page.columns, first=word("usually", page.lang) + word("colon", page.lang), rest="  ")]
        lines += [line for part in more for line in wrap(part, page.columns, first="  ", rest="  ")]
    if explanation.came_from:
        label = word("lab", page.lang) + word("colon", page.lang)
        lines += wrap(origins(explanation.came_from).in_language(page.lang), page.columns, first=label, rest="  ")
    return lines


def error_lines(errors: Sequence[VerifyErrorName], lang: str) -> list[str]:
    """`21 unable to verify the first certificate (X509_V_ERR_..., all OpenSSL series)`, one line for each name it has."""
    lines = []
    for row, series in grouped(errors):
        all_of_them = len(series) == len(OpensslSeries)
        on = word("all-series", lang) if all_of_them else "OpenSSL " + word("comma", lang).join(series)
        lines.append(f"{row.number}  {row.text}  ({row.symbol}; {on})")
    return lines


def grouped(errors: Sequence[VerifyErrorName]) -> list[tuple[VerifyErrorName, list[OpensslSeries]]]:
    """Rows that differ only by their series as one, with all its series."""
    found: dict[tuple[int, str, str], tuple[VerifyErrorName, list[OpensslSeries]]] = {}
    for row in errors:
        found.setdefault((row.number, row.text, row.symbol), (row, []))[1].append(row.series)
    return list(found.values())


def cause_lines(page: Page, cause: Cause, *, place: int | None, candidate: Candidate | None, full: bool) -> list[str]:
    """One cause. Not `full`: its title and the check."""
    number = f"{place:>2}  " if place else ""
    lines = wrap(cause.title.in_language(page.lang), page.columns, first=number, rest=" " * len(number))
    lines.append(f"    {cause.slug}{_fit(candidate, page.lang)}")
    if full and (place or candidate):
        lines += wrap(cause.summary.in_language(page.lang), page.columns, first="    ", rest="    ")
    lines += _section(page, "check", cause.tell_apart.in_language(page.lang))
    if not full:
        return lines
    whole = page.long or place is None
    return lines + _remedies(page, cause, whole=whole) + _dead_ends(page, cause) + _background(page, cause, candidate)


def _fit(candidate: Candidate | None, lang: str) -> str:
    if candidate is None or not (candidate.look_alike or candidate.other_versions):
        return ""
    return "  (" + word("other-versions" if candidate.other_versions else "looks-like", lang) + ")"


def _remedies(page: Page, cause: Cause, *, whole: bool) -> list[str]:
    """Each with its count and what it needs and risks; `whole`: with how to see that it worked and how to take it back."""
    lines = []
    for remedy in cause.remedies:
        kind = APPLICABILITY[remedy.applicability].in_language(page.lang)
        lines += _section(page, "fix", f"[{kind}] {remedy.text.in_language(page.lang)}")
        lines += _under(page, "lab", fixed(of_change(cause.slug, remedy.id)).in_language(page.lang))
        lines += [f"              {directive}" for directive in remedy.directives]
        lines += [f"              $ {command}" for command in remedy.commands]
        lines += _under(page, "needs", remedy.needs.in_language(page.lang)) if remedy.needs else []
        risk = remedy.risk.in_language(page.lang) if remedy.risk else word("no-risk", page.lang)
        lines += _under(page, "risk", risk)
        lines += _afterwards(page, remedy) if whole else []
    return lines


def _afterwards(page: Page, remedy: CauseRemedy) -> list[str]:
    lines = []
    for key, step in (("verify", steps().proofs[remedy.verify]), ("undo", steps().undos[remedy.undo])):
        lines += _under(page, key, step.text.in_language(page.lang))
        lines += [f"                $ {command}    # {word('before', page.lang)}" for command in step.first]
        lines += [f"                $ {command}" for command in step.commands]
    return lines


def _under(page: Page, key: str, text: str) -> list[str]:
    first = " " * 14 + word(key, page.lang) + word("colon", page.lang)
    return wrap(text, page.columns, first=first, rest=" " * 16)


def _dead_ends(page: Page, cause: Cause) -> list[str]:
    lines = []
    for dead_end in cause.dead_ends:
        danger = DANGER[dead_end.danger]
        mark = f" [{danger.in_language(page.lang)}]" if danger else ""
        action = dead_end.action.in_language(page.lang)
        lines += _section(page, "dont", f"{action}{mark}{word('colon', page.lang)}{dead_end.why.in_language(page.lang)}")
        count = of_change(cause.slug, dead_end.id)
        if count:
            lines += _under(page, "lab", helped(count).in_language(page.lang))
    return lines


def _background(page: Page, cause: Cause, candidate: Candidate | None) -> list[str]:
    lines = _section(page, "lab", lab(cause, page.lang, candidate.why if candidate and candidate.runs else None))
    for note in cause.versions:
        lines += _section(
            page, "versions", f"{versions(note.on, page.lang)}{word('colon', page.lang)}{note.text.in_language(page.lang)}"
        )
    if page.long:
        for seen in symptom_texts(cause):
            lines += _section(page, "seen", seen)
    if cause.next_causes:
        lines += _section(page, "next", word("next-is", page.lang) + word("comma", page.lang).join(cause.next_causes))
    titles = [reference.title for reference in cause.references if page.long or reference.kind != "report"]
    return lines + (_section(page, "references", word("stop", page.lang).join(titles)) if titles else [])


def _section(page: Page, key: str, text: str) -> list[str]:
    label = word(key, page.lang)
    return wrap(text, page.columns, first="    " + pad(label, 10), rest=" " * 14)


def symptom_texts(cause: Cause) -> list[str]:
    """What each form of the cause looks like, without repeats: `1.22/3.0, 1.26/3.5: 400 ...; (21:...)`."""
    grouped: dict[str, list[str]] = {}
    for symptom in cause.symptoms:
        for build in symptom.builds or ("",):
            on = grouped.setdefault(_looks(symptom, build), [])
            if build not in on:
                on.append(build)
    return [f"{_builds(on)}{looks}" for looks, on in grouped.items()]


def _builds(on: list[str]) -> str:
    named = [build for build in BUILDS if build in on]
    return f"{', '.join(named)}: " if named else ""


def _looks(symptom: Symptom, build: str) -> str:
    parts = [symptom.title or (str(symptom.status) if symptom.status else "")]
    parts.append("nginx -t refuses" if symptom.start else "")
    parts.append(symptom.seen or "")
    if symptom.number is not None:
        row = by_number(BUILDS[build].series, symptom.number) if build else None
        parts.append(f"({symptom.number}:{row.text})" if row else f"({symptom.number})")
    parts += symptom.logs
    return "; ".join(part for part in parts if part)


def rule(page: Page, text: str) -> str:
    """A heading with a line to the right edge."""
    return f"{text} " + "─" * max(3, min(page.columns, 100) - width(text) - 1)
