"""Values to the versioned JSON documents of the command line."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec


def document(command: str, value: object, *, version: int = 1) -> str:
    """One JSON document: {"schema": "handclasp/<command>/<version>", ...fields of value}.

    `value` is a dataclass, or a mapping with string keys. Times become RFC 3339 in UTC, bytes base64, enums their values.
    """
    fields = msgspec.to_builtins(value, enc_hook=_encode, str_keys=True)
    return _text({"schema": f"handclasp/{command}/{version}", **fields})


def pieces(command: str, field: str, values: Iterable[object], *, version: int = 1) -> Iterator[str]:
    """The text of `document(command, {field: [*values]})` and the end of its line, in pieces: a million need no memory."""
    head = _text({"schema": f"handclasp/{command}/{version}", field: []})
    before, between = head.removesuffix("]\n}"), "\n  "
    yield before
    end = "]\n}\n"
    for value in values:
        yield between + _text(msgspec.to_builtins(value, enc_hook=_encode, str_keys=True)).replace("\n", "\n  ")
        between, end = ",\n  ", "\n ]\n}\n"
    yield end


def _text(value: object) -> str:
    text = msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
    return _TRICKS.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _utf16(found[0])), text)


# Characters that turn or hide text (C1 controls, soft hyphen, zero width, bidi, separators, tags): the same value, spelled out.
_TRICKS = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def _utf16(character: str) -> tuple[int, ...]:
    units = character.encode("utf-16-be")
    return tuple(int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")
