"""A dump of nginx -T as people copy it: out of a terminal with colours, a mail, a page with numbered lines."""

import re

from handclasp.nginxconf.dump import is_dump

_COLOUR = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
_FENCE = re.compile(r"^```.*$|^~~~.*$", re.MULTILINE)
_QUOTED = re.compile(r"^>[ \t]?", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*\d+(?:[ \t]*[:|][ \t]?|[\t ]|$)", re.MULTILINE)


def unpasted(text: str) -> str:
    """The dump without what stands around and before its lines; a text that is no dump then as it is. Lines stay lines."""
    plain = _FENCE.sub("", _COLOUR.sub("", text))
    for before in (_QUOTED, _NUMBERED):
        if _on_every_line(before, plain):
            plain = before.sub("", plain)
    return plain if plain != text and is_dump(plain) else text


def _on_every_line(before: re.Pattern[str], text: str) -> bool:
    return all(before.match(line) for line in text.splitlines() if line.strip())
