"""Kinds of values, and what nginx says of one that is none: the setters that its directives share (ngx_conf_set_*_slot)."""

import re
from collections.abc import Callable, Mapping

# Once a number was read, letters of smaller units may follow without one of their own: "30ds" is thirty days.
_STEPS = r"(?:\d*w *)?(?:\d*d *)?(?:\d*h *)?(?:\d*m(?!s) *)?"
_SECONDS = re.compile(rf"(?=.*\d)(?:\d*y *)?(?:\d*M *)?{_STEPS}(?:\d*(?:s *| +))?\d*")
_MILLISECONDS = re.compile(rf"(?=.*\d){_STEPS}(?:\d* +|(?:\d*s *)?(?:\d*ms *)?)\d*")
_SIZE, _OFFSET = re.compile(r"\d+[kKmM]?"), re.compile(r"\d+[kKmMgG]?")
_MOST = (1 << 63) - 1
_TOO_MUCH = re.compile(r"\d{20}")


def refusal(kind: str, name: str, value: str) -> str | None:
    """What nginx says of a value, without the place; None when it takes it.

    `kind` is "flag", "number", "count", "size", "offset", "seconds", "milliseconds" or "choice", and after a colon what is
    allowed: "number:1..9", "number:2..", "choice:on,off,always". With "$" at its end a value may hold variables. "": nothing is
    known.
    """
    if kind.endswith("$") and "$" in value:
        return None
    shape, _, allowed = kind.removesuffix("$").partition(":")
    law = _LAWS.get(shape)
    return law(name, value, allowed) if law else None


def _flag(name: str, value: str, _: str) -> str | None:
    if value.lower() in {"on", "off"}:
        return None
    return f'invalid value "{value}" in "{name}" directive, it must be "on" or "off"'


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value[:25]) <= _MOST


def _count(_: str, value: str, __: str) -> str | None:
    return None if _is_number(value) else f'invalid number "{value}"'


def _number(name: str, value: str, allowed: str) -> str | None:
    if not _is_number(value):
        return f'"{name}" directive invalid number'
    low, _, high = allowed.partition("..")
    if (not low or int(value) >= int(low)) and (not high or int(value) <= int(high)):
        return None
    return "value must be " + (f"between {low} and {high}" if high else f"equal to or greater than {low}")


def _shaped(pattern: re.Pattern[str]) -> Callable[[str, str, str], str | None]:
    def law(name: str, value: str, _: str) -> str | None:
        return None if pattern.fullmatch(value) and not _TOO_MUCH.search(value) else f'"{name}" directive invalid value'

    return law


def _choice(_: str, value: str, allowed: str) -> str | None:
    return None if value.lower() in allowed.lower().split(",") else f'invalid value "{value}"'


_LAWS: Mapping[str, Callable[[str, str, str], str | None]] = {
    "flag": _flag,
    "number": _number,
    "count": _count,
    "size": _shaped(_SIZE),
    "offset": _shaped(_OFFSET),
    "seconds": _shaped(_SECONDS),
    "milliseconds": _shaped(_MILLISECONDS),
    "choice": _choice,
}
