"""Messages in other languages: English templates with numbered values, translated by one TOML file a language.

`locale/<language>.toml` maps a template ("the {1} CA still signs certificates") to its translation. A message arrives with its
values filled in; the template that it was made of is found again, and the values go into the translation. `(|s)` and
`(is|are)` in a template are what English makes of numbers (model/text.py: plural). What has no translation stays English. A new
language is a new file: nothing else names the languages but this folder.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

ENGLISH = "en"
_SLOT = re.compile(r"\{(\d+)\}")
_NUMBER = re.compile(r"\(([^(){}|]*)\|([^(){}|]*)\)")
# Longer texts are documents of other parts, which speak the language themselves.
_LONGEST = 1000


@cache
def languages() -> tuple[str, ...]:
    """English and every language that has a file."""
    names = (entry.name for entry in (files("handclasp") / "locale").iterdir())
    return (ENGLISH, *sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Templates and their translations; empty for a language without a file."""
    file = files("handclasp") / "locale" / f"{lang}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


def translate(message: str, lang: str) -> str:
    """The message in that language; as it is when it has no translation. Several lines may be several messages."""
    if lang == ENGLISH or len(message) > _LONGEST:
        return message
    whole = _translated(message, lang)
    if whole is not None or "\n" not in message:
        return message if whole is None else whole
    return "\n".join(translate(line, lang) for line in message.split("\n"))


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    slots: tuple[str, ...]
    translation: str


@cache
def _templates(lang: str) -> tuple[_Template, ...]:
    """Those with values, the most telling first: of two that fit, the one with more words of its own was meant."""
    filled = [(english, said) for english, said in catalogue(lang).items() if _SLOT.search(english)]
    filled.sort(key=lambda pair: -len(_SLOT.sub("", pair[0])))
    return tuple(_Template(_pattern(english), tuple(_SLOT.findall(english)), said) for english, said in filled)


def _pattern(english: str) -> re.Pattern[str]:
    pieces = _SLOT.split(english)[::2]
    return re.compile("(.*?)".join(_literally(piece) for piece in pieces), re.DOTALL)


def _literally(text: str) -> str:
    """The text as a pattern; of its (one|many) either."""
    words = _NUMBER.split(text)
    found = [re.escape(words[0])]
    for one, many, rest in zip(words[1::3], words[2::3], words[3::3], strict=True):
        found.append(f"(?:{re.escape(one)}|{re.escape(many)}){re.escape(rest)}")
    return "".join(found)


def _translated(message: str, lang: str) -> str | None:
    said = catalogue(lang).get(message)
    if said is not None:
        return said
    for template in _templates(lang):
        if found := template.pattern.fullmatch(message):
            return _filled(template, found.groups(), lang)
    return None


def _filled(template: _Template, groups: tuple[str, ...], lang: str) -> str:
    """The translation with its values; a value that is itself a message is translated."""
    exact = catalogue(lang)
    values = {slot: exact.get(value, value) for slot, value in zip(template.slots, groups, strict=True)}
    return _SLOT.sub(lambda slot: values[slot[1]], template.translation)
