r"""An address that a location answers, worked out from its pattern: `\.(?:php|phtml)$` in `/app/` is asked for as /app/x.php.

It is a guess: whoever uses it asks whether nginx would choose that location for it (select.select_location).
"""

import re

from handclasp.model.nginx import Location

_NOT_HERE = re.compile(r"\(\?<?[!=][^()]*\)|\(\?[a-z]+\)")
_GROUP = re.compile(r"(?<!\\)\((?:\?:|\?P?<\w+>|\?'\w+')?([^()]*)\)(?:[*+?]|\{\d[^}]*\})?[+?]?")
_CLASS = re.compile(r"\[(\^?)((?:\\.|[^\]\\])[^\]]*)\]")
_REPEATED = re.compile(r"(\\.|[^\\])(?:[*+?]|\{(\d+)[^}]*\})[+?]?")
_ONE_OF = {"d": "1", "w": "x", "s": "%20", "S": "x", "D": "x", "W": "-", "b": "", "B": "", "A": "", "z": "", "Z": "", "h": "1"}
_MOST = 20


def example_uri(location: Location) -> str | None:
    """A URI that this location's own pattern matches; None when none can be told."""
    if location.modifier in {"", "=", "^~"}:
        return location.path if location.path.startswith("/") else None
    if location.modifier not in {"~", "~*"}:
        return None
    text = spelled(location.path)
    if text is None:
        return None
    if text.startswith("/"):
        return text
    above = next((path for path in reversed(location.parents) if path.startswith("/")), "/")
    return f"{above.rstrip('/')}/x{text}"


def spelled(pattern: str) -> str | None:
    """A text that a regular expression matches, for the expressions that people write in configurations."""
    text = _CLASS.sub(_member, _NOT_HERE.sub("", pattern))
    for _ in range(_MOST):
        simpler = _GROUP.sub(lambda found: found[1].partition("|")[0], text)
        if simpler == text:
            break
        text = simpler
    text = text.partition("|")[0]
    text = _REPEATED.sub(lambda found: found[1] * min(int(found[2] or 1) or 1, _MOST), text)
    text = re.sub(r"\\([a-zA-Z])", lambda found: _ONE_OF.get(found[1], "\\"), text).replace("^", "").replace("$", "")
    text = re.sub(r"(?<!\\)\.", "x", text)
    text = re.sub(r"\\(\W)", r"\1", text)
    if text.endswith(".") and not pattern.endswith("$"):
        text += "x"  # a segment of dots alone is resolved before locations are looked at
    return None if re.search(r"[\\()\[\]{}*+?|]", text) else text


def _member(found: re.Match[str]) -> str:
    """One character of a class, as an expression."""
    if found[1]:
        return next(sign for sign in "x-1/." if sign not in found[2])
    first = found[2][:2] if found[2][0] == "\\" else found[2][0]
    return first if first[0] == "\\" else re.escape(first)
