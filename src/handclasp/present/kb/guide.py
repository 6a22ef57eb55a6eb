"""The project's own documentation as pages: which texts there are, of which kind (diataxis.fr), in which languages.

`docs/<name>.md` is the English text, `docs/<language>/<name>.md` its translation; without one the English text is
shown and says so.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from handclasp.model.messages import ENGLISH
from handclasp.model.text import Text

PREFIX = "doc-"


class Kind(StrEnum):
    """What a text is for."""

    TUTORIAL = "tutorial"
    HOW_TO = "how-to"
    REFERENCE = "reference"
    EXPLANATION = "explanation"


KINDS = {
    Kind.TUTORIAL: Text(en="Tutorial", zh="入门教程"),
    Kind.HOW_TO: Text(en="How-to guides", zh="操作指南"),
    Kind.REFERENCE: Text(en="Reference", zh="参考"),
    Kind.EXPLANATION: Text(en="Explanation", zh="原理说明"),
}
ABOUT = {
    Kind.TUTORIAL: Text(en="Learn by doing, from nothing to a revoked client.", zh="从零开始动手做，直到吊销一个客户端。"),
    Kind.HOW_TO: Text(en="One job at a time, with the commands.", zh="每次完成一件事，附命令。"),
    Kind.REFERENCE: Text(en="Everything there is, generated where it can be.", zh="完整清单，能生成的都由程序生成。"),
    Kind.EXPLANATION: Text(en="Why it is so, and what to rely on.", zh="为什么如此，哪些可以依赖。"),
}

# In reading order. A text that is not named here stands behind these: results that a tool wrote as reference, others as how-to.
ORDER: dict[str, Kind] = {
    "tutorial": Kind.TUTORIAL,
    "diagnose": Kind.HOW_TO,
    "nginx": Kind.HOW_TO,
    "serve": Kind.HOW_TO,
    "coming-from-openssl": Kind.HOW_TO,
    "agents": Kind.HOW_TO,
    "knowledge": Kind.REFERENCE,
    "lab": Kind.REFERENCE,
    "search": Kind.REFERENCE,
    "verdict-differences": Kind.REFERENCE,
    "benchmarks/ca": Kind.REFERENCE,
    "scale": Kind.REFERENCE,
    "how-nginx-decides": Kind.EXPLANATION,
    "how-the-lab-counts": Kind.EXPLANATION,
    "security-model": Kind.EXPLANATION,
    "architecture": Kind.EXPLANATION,
}
PICTURES = (".svg",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One text. `name` is its path below docs/ without the ending, `page` its address in the site."""

    name: str
    kind: Kind

    @property
    def page(self) -> str:
        """The name of its page, without folder and ending."""
        return PREFIX + self.name.replace("/", "-")

    @property
    def folder(self) -> str:
        """Where its relative links begin."""
        return self.name.rpartition("/")[0]


@cache
def guides() -> tuple[Guide, ...]:
    """Every text of docs/ that is there, in reading order."""
    there = _names()
    named = [name for name in ORDER if name in there]
    others = sorted(there - set(named))
    found = [Guide(name=name, kind=_kind(name)) for name in (*named, *others)]
    kinds = list(Kind)
    return tuple(sorted(found, key=lambda guide: kinds.index(guide.kind)))


def _kind(name: str) -> Kind:
    written_by_a_tool = "Written by `" in (_docs() / f"{name}.md").read_text("utf-8")[:600]
    return ORDER.get(name) or (Kind.REFERENCE if written_by_a_tool else Kind.HOW_TO)


def source(guide: Guide, lang: str) -> tuple[str, str]:
    """The text and the language it is in: English where there is no translation."""
    name = f"{guide.name}.md"
    if lang != ENGLISH and (file := _docs() / lang / name).is_file():
        return file.read_text("utf-8"), lang
    return (_docs() / name).read_text("utf-8"), ENGLISH


@cache
def pictures() -> dict[str, bytes]:
    """Pictures of the texts by their path below docs/."""
    return {entry.name: entry.read_bytes() for entry in _docs().iterdir() if entry.name.endswith(PICTURES)}


def _docs() -> Traversable:
    return files("handclasp") / "docs"


def _names() -> set[str]:
    """Texts at the top of docs/ and one folder below it; folders of languages are their translations."""
    found = {entry.name.removesuffix(".md") for entry in _docs().iterdir() if entry.name.endswith(".md")}
    nested = (_docs() / "benchmarks").iterdir() if (_docs() / "benchmarks").is_dir() else ()
    return found | {f"benchmarks/{entry.name.removesuffix('.md')}" for entry in nested if entry.name.endswith(".md")}
