"""`handclasp kb search`: entries of both kinds for what was typed, those that explain would show first."""

from dataclasses import dataclass

from handclasp.app.explain import explain
from handclasp.catalogue import causes, symptoms
from handclasp.catalogue.search import search
from handclasp.catalogue.symptoms import SymptomEntry
from handclasp.model.text import Text


@dataclass(frozen=True, slots=True)
class Found:
    """One entry: its address, "cause" or the kind of symptom, and its title."""

    slug: str
    kind: str
    title: Text


def find(asked: str, *, limit: int = 10) -> tuple[Found, ...]:
    """Entries for these words, best first; empty when nothing fits."""
    answer = explain(asked)
    found: dict[str, Found] = {}
    exact = [entry for entry in symptoms.entries() if _names(entry, asked)]
    for entry in ([answer.entry] if answer.entry else []) + exact:
        found.setdefault(entry.slug, Found(entry.slug, entry.kind.value, entry.title))
    slugs = [item.cause.slug for item in answer.causes] + [hit.slug for hit in search(asked, limit=limit)]
    for slug in dict.fromkeys(slugs):
        found.setdefault(slug, Found(slug, "cause", causes.outline(slug).title))
    return tuple(found.values())[:limit]


def _names(entry: SymptomEntry, asked: str) -> bool:
    """Whether it is the number, or words of the title as it is printed."""
    text = " ".join(asked.lower().split())
    if text.isdecimal():
        return str(entry.number) == text or bool(entry.page and entry.page.startswith(text))
    return len(text) > 3 and any(text in title.lower() for title in (entry.title.en, entry.title.zh))
