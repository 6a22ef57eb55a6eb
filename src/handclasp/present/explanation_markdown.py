"""An explanation as Markdown, for a ticket or a page."""

from handclasp.catalogue.cause import Cause, CauseRemedy, Reference
from handclasp.catalogue.measured import of_change
from handclasp.catalogue.references import url
from handclasp.catalogue.steps import steps
from handclasp.diagnose.candidates import Candidate
from handclasp.diagnose.explanation import Explanation, Kind
from handclasp.present.explanation import Page, error_lines, symptom_texts, usual_texts
from handclasp.present.explanation_words import APPLICABILITY, DANGER, DOUBT, lab, versions, word
from handclasp.present.rates import fixed, helped, origins
from handclasp.present.visible import visible


def explanation_markdown(explanation: Explanation, page: Page) -> str:
    """The whole answer: a heading for what was given, one for each cause."""
    lang = page.lang
    parts = [f"# {_escape(visible(explanation.title or explanation.asked))}"]
    parts += [f"`{line}`" for line in error_lines(explanation.errors, lang)]
    if explanation.doubt:
        parts.append("> " + DOUBT[explanation.doubt].in_language(lang))
    if explanation.meaning and explanation.kind is not Kind.CAUSE:
        parts.append(explanation.meaning.in_language(lang))
    parts += [
        f"**{word('usually', lang)}**{word('colon', lang)}{text}".replace("\n", "\n\n")
        for text in usual_texts(explanation, lang)
    ]
    if explanation.came_from:
        parts.append(f"**{word('lab', lang)}**{word('colon', lang)}{origins(explanation.came_from).in_language(lang)}")
    for place, item in enumerate(explanation.causes, 1):
        parts += _cause(item.cause, item.candidate, page, place if len(explanation.causes) > 1 else None)
    if not explanation.causes:
        parts.append(word("nothing" if explanation.kind is Kind.WORDS else "no-cause", lang))
    pairs = [
        f"- `{pair.slug}`{word('colon', lang)}{pair.text.in_language(lang)}" for it in explanation.pages for pair in it.confused
    ]
    parts += [f"**{word('confused', lang)}**", "\n".join(pairs)] if pairs else []
    return "\n\n".join(parts)


def _cause(cause: Cause, candidate: Candidate | None, page: Page, place: int | None) -> list[str]:
    lang, colon = page.lang, word("colon", page.lang)
    number = f"{place}. " if place else ""
    parts = [f"## {number}{cause.title.in_language(lang)}", f"`{cause.slug}`", cause.summary.in_language(lang)]
    parts.append(f"**{word('check', lang)}**{colon}{cause.tell_apart.in_language(lang)}")
    for remedy in cause.remedies:
        kind = APPLICABILITY[remedy.applicability].in_language(lang)
        rate = fixed(of_change(cause.slug, remedy.id)).in_language(lang)
        parts.append(f"**{word('fix', lang)}** ({kind}{word('stop', lang)}{rate}){colon}{remedy.text.in_language(lang)}")
        parts += _fence("nginx", remedy.directives) + _fence("sh", remedy.commands)
        parts.append("\n".join(_conditions(remedy, page)))
    parts += _dead_ends(cause, lang)
    why = candidate.why if candidate and candidate.runs else None
    parts.append(f"**{word('lab', lang)}**{colon}{lab(cause, lang, why)}")
    notes = [f"- {versions(note.on, lang)}{colon}{note.text.in_language(lang)}" for note in cause.versions]
    parts += [f"**{word('versions', lang)}**\n\n" + "\n".join(notes)] if notes else []
    looks = [f"- `{text}`" for text in symptom_texts(cause)] if page.long else []
    parts += [f"**{word('seen', lang)}**\n\n" + "\n".join(looks)] if looks else []
    titles = [_linked(reference) for reference in cause.references]
    return [*parts, f"**{word('references', lang)}**{colon}{word('stop', lang).join(titles)}"] if titles else parts


def _conditions(remedy: CauseRemedy, page: Page) -> list[str]:
    """What it needs, what it risks, how to see that it worked, how to take it back."""
    lang = page.lang
    rows = [("needs", remedy.needs.in_language(lang))] if remedy.needs else []
    rows.append(("risk", remedy.risk.in_language(lang) if remedy.risk else word("no-risk", lang)))
    for key, step in (("verify", steps().proofs[remedy.verify]), ("undo", steps().undos[remedy.undo])):
        first = "".join(f" `{command}` ({word('before', lang)})" for command in step.first)
        rows.append((key, step.text.in_language(lang) + first + "".join(f" `{command}`" for command in step.commands)))
    return [f"- *{word(key, lang)}*{word('colon', lang)}{text}" for key, text in rows]


def _linked(reference: Reference) -> str:
    address = url(reference)
    return f"[{_escape(reference.title)}]({address})" if address else _escape(reference.title)


def _dead_ends(cause: Cause, lang: str) -> list[str]:
    lines = []
    for dead_end in cause.dead_ends:
        danger = DANGER[dead_end.danger]
        mark = f" ({danger.in_language(lang)})" if danger else ""
        count = of_change(cause.slug, dead_end.id)
        rate = f" *{helped(count).in_language(lang)}*" if count else ""
        lines.append(f"- {dead_end.action.in_language(lang)}{mark}{word('colon', lang)}{dead_end.why.in_language(lang)}{rate}")
    return [f"**{word('dont', lang)}**\n\n" + "\n".join(lines)] if lines else []


def _escape(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\`*_[]<>#|" else character for character in text)


def _fence(language: str, lines: tuple[str, ...]) -> list[str]:
    return [f"```{language}\n" + "\n".join(lines) + "\n```"] if lines else []
