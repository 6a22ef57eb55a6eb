"""What carries lines of a log, and how long they are. Pure: text in, text out."""

import re

LONGEST = 4096
"""nginx cuts its lines at 2048 bytes (NGX_MAX_ERROR_STR), and what a syslog puts before them is short."""


def unwrapped(text: str) -> str:
    """A line out of the JSON object that Docker ("log"), journald ("MESSAGE") or others wrap it in; other text as it is."""
    if not text.startswith("{"):
        return text
    found = _WRAPPED.search(text)
    if not found:
        return text
    inner = _JSON_ESCAPE.sub(lambda escape: _JSON_MEANING.get(escape[1][0]) or _character(escape[1]), found[1])
    return inner.strip()


# Not a JSON reader: a line that was cut is read as far as it goes.
_WRAPPED = re.compile(r'"(?:log|MESSAGE|message|msg)" ?: ?"((?:[^"\\]|\\.)*+)')
_JSON_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_JSON_MEANING = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "/": "/", '"': '"', "\\": "\\"}


def _character(escape: str) -> str:
    letter = chr(int(escape[1:], 16)) if len(escape) == 5 else escape
    return "\ufffd" if "\ud800" <= letter <= "\udfff" else letter
