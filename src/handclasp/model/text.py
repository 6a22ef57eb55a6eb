"""One text in the languages of Handclasp."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same statement for readers of English and of Chinese; both are complete."""

    en: str
    zh: str

    def in_language(self, lang: str) -> str:
        """The Chinese text for "zh", the English one for everything else."""
        return self.zh if lang == "zh" else self.en
