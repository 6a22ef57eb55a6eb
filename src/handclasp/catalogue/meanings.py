"""What a verification error, a kind of log line or an error page literally says; the data are `meanings.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from handclasp.catalogue.verify_errors import PREFIX
from handclasp.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """`errors` by symbol without X509_V_ERR_, `kinds` by the kind of a log line, `titles` by the title of an error page."""

    errors: dict[str, Text]
    kinds: dict[str, Text]
    titles: dict[str, Text]


@cache
def meanings() -> Meanings:
    """All of them."""
    return msgspec.convert(tomllib.loads((files(__package__) / "meanings.toml").read_text("utf-8")), Meanings)


def of_error(symbol: str) -> Text | None:
    """The meaning of a verification error, by symbol with or without its prefix."""
    return meanings().errors.get(symbol.removeprefix(PREFIX))


def of_kind(kind: str) -> Text | None:
    """The meaning of a kind of log line."""
    return meanings().kinds.get(kind)


def title_in(text: str) -> tuple[str, Text] | None:
    """The known page title that `text` is or holds (with or without its number), and its meaning; the longest wins.

    A title of two words ("Bad Gateway") must be all there is, so that sentences with these words are left to the search.
    """
    folded = _fold(text)
    best: tuple[str, Text] | None = None
    for title, meaning in meanings().titles.items():
        words = _fold(title)
        bare = words.split(" ", 1)[1]
        fits = words in folded or bare == folded or (bare.count(" ") > 2 and bare in folded)
        if fits and (best is None or len(title) > len(best[0])):
            best = (title, meaning)
    return best


def _fold(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
