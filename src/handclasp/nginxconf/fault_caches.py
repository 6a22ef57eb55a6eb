"""Arguments of caches and of what is stored: *_cache_path, *_cache_valid, open_file_cache, *_store_access."""

import re
from collections.abc import Callable, Mapping

from handclasp.nginxconf.value_kinds import refusal

_PAGE = 4096
_SIZE = re.compile(r"(\d{1,15})([kKmM]?)")
_UNIT = {"": 1, "k": 1024, "m": 1024 * 1024}
_LEVELS = re.compile(r"[12](?::[12]){0,2}")
_ACCESS = re.compile(r"(?:user|group|all):(?:rw|r|w)")
_OPEN_FILES = re.compile(r"max=0*[1-9]\d{0,17}|inactive=(.+)")


def zone_bytes(text: str) -> int | None:
    """The bytes of `NAME:SIZE`; None when it names no size."""
    found = _SIZE.fullmatch(text.partition(":")[2])
    return int(found[1]) * _UNIT[found[2].lower()] if found else None


def cache_path(name: str, args: tuple[str, ...]) -> str | None:
    """proxy_cache_path and its like (ngx_http_file_cache_set_slot)."""
    for text in args[1:]:
        word, equals, value = text.partition("=")
        check = _OF_A_PATH.get(word) if equals else None
        if check is None:
            return f'invalid parameter "{text}"'
        if words := check(text, value):
            return words
    zoned = any(text.startswith("keys_zone=") for text in args[1:])
    return None if zoned else f'"{name}" must have "keys_zone" parameter'


def _keys_zone(text: str, value: str) -> str | None:
    size = zone_bytes(value)
    if size is None or not value.partition(":")[0]:
        return f'invalid keys zone size "{text}"'
    return f'keys zone "{text}" is too small' if size < 2 * _PAGE else None


def _levels(text: str, value: str) -> str | None:
    return None if _LEVELS.fullmatch(value) else f'invalid "levels" "{text}"'


def _temporary(text: str, value: str) -> str | None:
    good = value in {"on", "off"}
    return None if good else f'invalid use_temp_path value "{text}", it must be "on" or "off"'


def _of_kind(word: str, kind: str) -> Callable[[str, str], str | None]:
    return lambda text, value: f'invalid {word} value "{text}"' if refusal(kind, "", value) else None


_MILLISECONDS = [f"{who}_{what}" for who in ("loader", "manager") for what in ("sleep", "threshold")]
_OF_A_PATH: Mapping[str, Callable[[str, str], str | None]] = {
    "levels": _levels,
    "use_temp_path": _temporary,
    "keys_zone": _keys_zone,
    "inactive": _of_kind("inactive", "seconds"),
    **{word: _of_kind(word, "offset") for word in ("max_size", "min_free")},
    **{f"{who}_files": _of_kind(f"{who}_files", "count") for who in ("loader", "manager")},
    **{word: _of_kind(word, "milliseconds") for word in _MILLISECONDS},
    **{word: lambda _, __: None for word in ("purger", "purger_files", "purger_sleep", "purger_threshold")},
}


def cache_valid(_: str, args: tuple[str, ...]) -> str | None:
    """proxy_cache_valid and its like: answers, and how long they are good."""
    if refusal("seconds", "", args[-1]):
        return f'invalid time value "{args[-1]}"'
    for code in args[:-1]:
        if code != "any" and not (code.isascii() and code.isdigit() and 100 <= int(code[:9]) <= 599):
            return f'invalid status "{code}"'
    return None


def open_file_cache(_: str, args: tuple[str, ...]) -> str | None:
    """open_file_cache, and open_log_file_cache as far as they agree."""
    for text in args:
        found = _OPEN_FILES.fullmatch(text)
        if text != "off" and (found is None or (found[1] and refusal("seconds", "", found[1]))):
            return f'invalid "open_file_cache" parameter "{text}"'
    limited = any(text == "off" or text.startswith("max=") for text in args)
    return None if limited else '"open_file_cache" must have the "max" parameter'


def access_bits(_: str, args: tuple[str, ...]) -> str | None:
    """proxy_store_access, dav_access: who may read and write what is written."""
    return next((f'invalid value "{text}"' for text in args if not _ACCESS.fullmatch(text)), None)
