"""Values to the versioned JSON documents of the command line."""

from datetime import UTC, datetime

import msgspec


def document(command: str, value: object, *, version: int = 1) -> str:
    """One JSON document: {"schema": "handclasp/<command>/<version>", ...fields of value}.

    `value` is a dataclass, or a mapping with string keys. Times become RFC 3339 in UTC, bytes base64, enums their values.
    """
    fields = msgspec.to_builtins(value, enc_hook=_encode, str_keys=True)
    return msgspec.json.format(msgspec.json.encode({"schema": f"handclasp/{command}/{version}", **fields}), indent=1).decode()


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")
