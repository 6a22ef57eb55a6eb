"""The meaning of a command's option with what click adds to it in brackets, in one language."""

import re

from handclasp.model.messages import translate

_EXTRA = re.compile(r"(?:^|\s+)\[([^\[\]]+)\]$")


def option_text(text: str, lang: str) -> str:
    """`Life in days. [default: 365]  [1<=x<=36500]`: the words, then everything in brackets together."""
    words = " ".join(text.split())
    extras: list[str] = []
    while found := _EXTRA.search(words):
        extras[:0] = found[1].split("; ")
        words = words[: found.start()]
    told = (re.sub(r"^default: \((.*)\)$", r"default: \1", extra) for extra in extras)
    added = f"  [{translate('; ', lang).join(translate(extra, lang) for extra in told)}]" if extras else ""
    return (translate(words, lang) + added).strip()
