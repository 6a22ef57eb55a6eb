"""The list of the documentation, by kind of text: what is written in docs/ and what is made of the program's own data."""

from functools import cache

from handclasp.model.text import Text
from handclasp.present.kb import guide, markdown
from handclasp.present.kb.guide import ABOUT, KINDS, Kind
from handclasp.present.kb.words import WORDS

# Pages that are made, behind the texts of their kind: the key of their title, which is their address too but for these.
GENERATED = {
    Kind.HOW_TO: ("devices",),
    Kind.REFERENCE: ("commands", "rules", "profiles", "symptoms", "causes", "versions", "matrix"),
}
ADDRESSES = {"matrix": "lab"}

Row = tuple[str, str, str]
Shelf = tuple[Text, Text, list[Row]]


@cache
def shelves(lang: str) -> list[Shelf]:
    """Every kind of text, what it is for, and its pages: address, title, and what it is about in a line."""
    return [(KINDS[kind], ABOUT[kind], [*_written(kind, lang), *_generated(kind, lang)]) for kind in Kind]


def _written(kind: Kind, lang: str) -> list[Row]:
    texts = [(item, guide.source(item, lang)[0]) for item in guide.guides() if item.kind is kind]
    return [(item.page, markdown.title_of(text), markdown.lead_of(text)) for item, text in texts]


def _generated(kind: Kind, lang: str) -> list[Row]:
    def said(key: str) -> str:
        return WORDS[key].in_language(lang) if key in WORDS else ""

    return [(ADDRESSES.get(name, name), said(name), said(f"{name}-about")) for name in GENERATED.get(kind, ())]
