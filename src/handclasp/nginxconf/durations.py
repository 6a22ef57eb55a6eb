"""Times as nginx writes them."""

import re

_UNITS = {"y": 31536000, "M": 2592000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001, "": 1}
_PART = re.compile(r"(\d+)(ms|[yMwdhms]?) *")


def seconds_of(text: str) -> float | None:
    """A time ("1m", "1h 30m", "500ms") in seconds; None when it is none."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sum(int(part[1]) * _UNITS[part[2]] for part in parts)
