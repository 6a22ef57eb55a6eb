"""Regular expressions that PCRE refuses, as far as their shape alone tells.

Only what every PCRE refuses is told: parentheses and brackets that do not match, a quantifier with nothing before it, a
backslash at the end. Comments in patterns and verbs are left to nginx.
"""

import re

from handclasp.catalogue.directives import Version

_PCRE2 = (1, 21, 5)
_WORDS = {
    "open": ("missing closing parenthesis", "missing )"),
    "closed": ("unmatched closing parenthesis", "unmatched parentheses"),
    "class": ("missing terminating ] for character class",) * 2,
    "quantifier": ("quantifier does not follow a repeatable item", "nothing to repeat"),
    "backslash": ("\\ at end of pattern",) * 2,
}
_BEYOND = re.compile(r"\(\*|\(\?(?!P?<\w|'|<?[=!]|[>|:]|[imsJU-]*[:)])|\\[QEcNxopPgk]")
"""What changes how the rest is read, and what a mistake may be in that is told of first."""

_CLASS = r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*"
_TOKEN = re.compile(
    rf"""\\(?:$|.) | {_CLASS}(?:\]|\\?$) | \(\?[imsJU-]*\) | \((?:\?(?:P?<\w+>|'\w+'|<?[=!]|[imsJU-]*:|[>|]))?
    | \{{\d+(?:,\d*)?\}} | .""",
    re.VERBOSE | re.DOTALL,
)
_ENDED = re.compile(rf"{_CLASS}\]", re.DOTALL)
_QUANTIFIERS = frozenset("*+?")


def pattern_fault(pattern: str, version: Version) -> str | None:
    """What nginx says of a regular expression; None when nothing is known against it."""
    found = None if _BEYOND.search(pattern) else _broken(pattern)
    if found is None:
        return None
    kind, at = found
    new = version >= _PCRE2
    rest = f' at "{pattern[at:]}"' if at < len(pattern) else ""
    return f'{"pcre2" if new else "pcre"}_compile() failed: {_WORDS[kind][not new]} in "{pattern}"{rest}'


def _broken(pattern: str) -> tuple[str, int] | None:
    """The first fault and its place."""
    depth, repeatable, repeated = 0, False, False
    for found in _TOKEN.finditer(pattern):
        text, start = found[0], found.start()
        if text == "\\" or (text[0] == "[" and not _ENDED.fullmatch(text)):
            return "backslash" if text.endswith("\\") else "class", len(pattern)
        quantifier = text in _QUANTIFIERS or (text[0] == "{" and len(text) > 1)
        if quantifier and repeated and text in {"?", "+"}:
            repeatable, repeated = False, False  # lazy or possessive
            continue
        if quantifier and not repeatable:
            return "quantifier", found.end() - 1
        opens, closes = text[0] == "(" and text[-1] != ")", text == ")"
        depth += opens - closes
        if depth < 0:
            return "closed", start
        repeatable, repeated = not (quantifier or opens or text == "|"), quantifier
    return ("open", len(pattern)) if depth else None
