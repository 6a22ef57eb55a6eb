"""Templates to HTML: escaping always on, fixed words in the page's language, backquotes to code."""

import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from handclasp.model.text import Text
from handclasp.present.kb.shelves import shelves
from handclasp.present.kb.words import WORDS, html_tag, language_names

# What is code: between backquotes, and names of directives and variables, which have underscores.
_CODE = re.compile(r"`([^`]+)`|(\$?\b[a-z]{2,}\d?(?:_[a-z0-9]+)+\b)")


class Page:
    """What templates call: `t` gives a text or a fixed word in one language, with code marked."""

    def __init__(self, lang: str) -> None:
        """For pages of that language."""
        self.lang = lang
        self.tag = html_tag(lang)
        self.others = [(name, said, html_tag(name)) for name, said in language_names().items() if name != lang]

    def t(self, text: Text | str) -> Markup:
        """A text, or the fixed word of that key, escaped."""
        return Markup(_CODE.sub(r"<code>\1\2</code>", str(escape(self.plain(text)))))  # noqa: S704 - escaped before

    def parts(self, text: Text) -> list[Markup]:
        """The paragraphs of a text, each as `t` gives it."""
        return [self.t(Text(en=part, zh=part)) for part in text.in_language(self.lang).split("\n")]

    def plain(self, text: Text | str) -> str:
        """The same for attributes and titles: without marks."""
        return (WORDS[text] if isinstance(text, str) else text).in_language(self.lang)

    def html(self, template: str, /, **values: object) -> bytes:
        """One page. Templates get `page` and the values; a name they miss is an error."""
        common = {"page": self, "t": self.t, "plain": self.plain, "entry": False, "guides": shelves(self.lang)}
        text = _environment().get_template(f"{template}.html").render(common | values)
        return text.encode()


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True, loader=FunctionLoader(_source), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _source(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text("utf-8")
