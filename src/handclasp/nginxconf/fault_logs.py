"""Arguments of access_log and log_format, and formats that nobody declared."""

import re
from collections.abc import Iterator

from handclasp.nginxconf.value_kinds import refusal

_ESCAPES = frozenset({"default", "json", "none"})
_VARIABLE = re.compile(r"\$(\{?)(\w*)")
_OF_A_LOG = {"buffer": ("size", "buffer size"), "flush": ("milliseconds", "flush time")}


class LogFaults:
    """The formats declared so far in one module, http or stream."""

    def __init__(self, *formats: str) -> None:
        self.formats = set(formats)

    def one(self, name: str, args: tuple[str, ...]) -> str | None:
        """What nginx says of a log_format or an access_log."""
        if name == "log_format":
            return self._declared(args)
        return self._used(args) if name == "access_log" else None

    def _declared(self, args: tuple[str, ...]) -> str | None:
        again = args[0] in self.formats
        self.formats.add(args[0])
        if again:
            return f'duplicate "log_format" name "{args[0]}"'
        rest = args[1:]
        if rest and rest[0].startswith("escape="):
            manner = rest[0].removeprefix("escape=")
            if manner not in _ESCAPES:
                return f'unknown log format escaping "{manner}"'
            rest = rest[1:]
        return next((words for text in rest for words in _broken(text)), None)

    def _used(self, args: tuple[str, ...]) -> str | None:
        if args[0] == "off":
            return f'invalid parameter "{args[1]}"' if len(args) > 1 else None
        if len(args) == 1:
            return None if "combined" in self.formats or args[0].startswith("syslog:") else "log format is not specified"
        if args[1] not in self.formats:
            return f'unknown log format "{args[1]}"'
        return next((words for text in args[2:] if (words := _option(text))), None)


def _option(text: str) -> str | None:
    word, equals, value = text.partition("=")
    if equals and word in _OF_A_LOG:
        kind, what = _OF_A_LOG[word]
        refused = refusal(kind, "", value) or not value.strip("0kKmMs")
        return f'invalid {what} "{value}"' if refused else None
    if text == "gzip" or (word == "gzip" and value in set("123456789")):
        return None
    if word == "gzip" and equals:
        return f'invalid compression level "{value}"'
    return None if word == "if" and equals else f'invalid parameter "{text}"'


def _broken(text: str) -> Iterator[str]:
    """What is no variable after a dollar sign."""
    for found in _VARIABLE.finditer(text):
        if found[1] and text[found.end() : found.end() + 1] != "}":
            yield f'the closing bracket in "{found[2]}" variable is missing'
        elif not found[2]:
            yield f'invalid parameter "{text[found.start() :]}"'
