"""Regular expressions of nginx (PCRE, of bytes) as Python reads them."""

import re
from functools import lru_cache

_POSIX = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9", "graph": r"\x21-\x7e",
    "lower": "a-z", "print": r"\x20-\x7e", "punct": r"!-/:-@\[-`{-~", "space": r"\s", "upper": "A-Z", "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_ESCAPES = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)", r"\h": r"[ \t]", r"\R": r"(?:\r\n|\n|\r)", r"\e": r"\x1b"}
_PIECES = re.compile(r"\\Q(?P<literal>.*?)(?:\\E|\Z)|(?P<named>\(\?<(?![=!]))|\[:(?P<posix>\w+):\]|(?P<escape>\\.)", re.DOTALL)
_CASE = re.compile(r"(?<!^)\(\?i\)(?P<rest>[^|]*)\Z", re.DOTALL)
"""`(?i)` amid an expression: for Python it stands at the beginning, or has a group of its own."""


@lru_cache(maxsize=1024)
def compiled(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str] | None:
    """An expression to search with; None for one that Python has no like of (recursion, conditions, callouts)."""
    python = _CASE.sub(_rest, _PIECES.sub(_piece, pattern))
    try:
        return re.compile(python, re.ASCII | (re.IGNORECASE if ignore_case else re.NOFLAG))
    except (re.error, OverflowError, RecursionError):
        return None


def _piece(found: re.Match[str]) -> str:
    if found["literal"] is not None:
        return re.escape(found["literal"])
    if found["named"]:
        return "(?P<"
    if found["posix"]:
        return _POSIX.get(found["posix"], found[0])
    return _ESCAPES.get(found["escape"], found["escape"])


def _rest(found: re.Match[str]) -> str:
    """Up to the end of the expression; where a group ends before it, nothing is done, and Python refuses it."""
    rest = found["rest"]
    return f"(?i:{rest})" if rest.count("(") == rest.count(")") else found[0]
