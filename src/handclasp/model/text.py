"""One text in the languages of Handclasp: two stand beside each other, more come from files (model/messages.py)."""

from dataclasses import dataclass

from handclasp.model.messages import ENGLISH, translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same statement for readers of English and of Chinese; both are complete."""

    en: str
    zh: str

    def in_language(self, lang: str) -> str:
        """The text for "en" and "zh"; for another language what its file says, the English one when it says nothing."""
        if lang == "zh":
            return self.zh
        return self.en if lang == ENGLISH else translate(self.en, lang)


def plural(count: int, one: str = "", many: str = "s") -> str:
    """What follows a number in English: nothing or an s (certificate, certificates), or the words for one and for more.

    Catalogues of other languages have it as (one|many) in their keys, and need no such thing themselves.
    """
    return one if count == 1 else many
