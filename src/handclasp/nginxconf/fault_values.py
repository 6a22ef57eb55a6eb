"""Values that nginx refuses while it reads a directive, in its own words without the place."""

import re
from collections.abc import Callable, Mapping

from handclasp.catalogue import stock_directives as stock
from handclasp.catalogue.directives import SERVER, STREAM_SERVER, DirectiveSpec, Value, Version
from handclasp.nginxconf.fault_listens import listen_fault
from handclasp.nginxconf.tree import Directive
from handclasp.nginxconf.value_kinds import refusal

_PAGES = 8 * 4096
_SIZE = re.compile(r"(\d+)([kKmM]?)")
_LEVELS = frozenset({"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"})
_UNIT = {"": 1, "k": 1024, "m": 1024 * 1024}
_ZERO_KEEPS_NONE = (1, 29, 7)
_STRANGE = re.compile(r'invalid parameter "(.*)"')
_ONE_MANNER = (1, 25, 5)
"""From here on stream{} speaks of wrong parameters like http{}."""


def value_fault(item: Directive, spec: DirectiveSpec, context: str, version: Version) -> str | None:
    """What nginx says of the arguments of a directive; None when it takes them (or checks them only later)."""
    if item.name == "listen":
        return _listen(item.args, context, version)
    if item.name in _BY_VERSION:
        return _BY_VERSION[item.name](item.args, version)
    special = None if (context, item.name) in _FREE else _SPECIAL.get(item.name)
    if special is not None:
        return special(item.args)
    return _shared(item, spec, context)


def _listen(args: tuple[str, ...], context: str, version: Version) -> str | None:
    if context == SERVER:
        return listen_fault(args, version)
    words = listen_fault(args, version, udp=True)
    found = _STRANGE.fullmatch(words or "")
    return f'the invalid "{found[1]}" parameter' if found and version < _ONE_MANNER else words


_KINDS = {Value.FLAG: "flag", Value.NUMBER: "number", Value.TIME: "seconds", Value.SIZE: "size"}


def _shared(item: Directive, spec: DirectiveSpec, context: str) -> str | None:
    """By one of the setters that most directives share; what was measured says which, where it was."""
    if spec.value in {Value.ENUM, Value.MASK}:
        kind = f"choice:{','.join(spec.choices)}"
        return next((words for value in item.args if (words := refusal(kind, item.name, value))), None)
    if spec.value not in _KINDS or len(item.args) != 1:
        return None
    measured = stock.values().get((item.name, stock.group_of(context)))
    kind = measured.kind if measured and measured.kind else _KINDS[spec.value]
    return refusal(kind, item.name, item.args[0])


def zone(text: str) -> tuple[str, int] | None:
    """Name and size in bytes of `shared:NAME:SIZE`; None when it is not that."""
    name, colon, size = text.removeprefix("shared:").partition(":")
    found = _SIZE.fullmatch(size)
    if not text.startswith("shared:") or not name or not colon or not found:
        return None
    return name, int(found[1][:15]) * _UNIT[found[2].lower()]


def _cache(kind: str, words: frozenset[str]) -> Callable[[tuple[str, ...]], str | None]:
    def check(args: tuple[str, ...]) -> str | None:
        for text in args:
            if text in words or (kind == "session" and re.fullmatch(r"builtin:\d+", text)):
                continue
            shared = zone(text)
            if shared is None:
                return f'invalid {kind} cache "{text}"'
            if shared[1] < _PAGES:
                return f'{kind} cache "{text}" is too small'
        return None

    return check


def _error_page(args: tuple[str, ...]) -> str | None:
    codes = list(args[:-1])
    if codes and codes[-1].startswith("="):
        response = codes.pop()
        if response[1:] and not response[1:].isdigit():
            return f'invalid value "{response}"'
    for code in codes:
        if not code.isdigit() or int(code[:9]) == 499:
            return f'invalid value "{code}"'
        if not 300 <= int(code[:9]) <= 599:
            return f'value "{code}" must be between 300 and 599'
    return None


def _return(args: tuple[str, ...]) -> str | None:
    target = args[0].startswith(("http://", "https://", "$scheme"))
    valid = (args[0].isdigit() and int(args[0][:9]) <= 999) or (len(args) == 1 and target)
    return None if valid else f'invalid return code "{args[0]}"'


def _error_log(args: tuple[str, ...]) -> str | None:
    return next((f'invalid log level "{level}"' for level in args[1:] if level.split("_")[0] not in _LEVELS), None)


def _keepalive(args: tuple[str, ...], version: Version) -> str | None:
    least = 0 if version >= _ZERO_KEEPS_NONE else 1
    if refusal("count", "keepalive", args[0]) or int(args[0]) < least:
        return f'invalid value "{args[0]}" in "keepalive" directive'
    return next((f'invalid parameter "{one}"' for one in args[1:] if one != "local"), None)


_OF_A_CACHE = re.compile(r"max=0*[1-9]\d{0,17}|(?:inactive|valid)=(.+)")


def _certificate_cache(name: str) -> Callable[[tuple[str, ...]], str | None]:
    def check(args: tuple[str, ...]) -> str | None:
        for text in args:
            found = _OF_A_CACHE.fullmatch(text)
            if text != "off" and (found is None or (found[1] and refusal("seconds", "", found[1]))):
                return f'invalid parameter "{text}"'
        limited = any(text == "off" or text.startswith("max=") for text in args)
        return None if limited else f'"{name}" must have the "max" parameter'

    return check


# In stream{} it is the text that is sent.
_FREE = frozenset({(STREAM_SERVER, "return")})
_CACHES = ("ssl_certificate_cache", *(f"{module}_ssl_certificate_cache" for module in ("proxy", "grpc", "uwsgi")))
_SPECIAL: Mapping[str, Callable[[tuple[str, ...]], str | None]] = {
    "ssl_session_cache": _cache("session", frozenset({"off", "none", "builtin"})),
    "ssl_ocsp_cache": _cache("OCSP", frozenset({"off"})),
    "error_page": _error_page,
    "return": _return,
    "error_log": _error_log,
    **{name: _certificate_cache(name) for name in _CACHES},
}
_BY_VERSION: Mapping[str, Callable[[tuple[str, ...], Version], str | None]] = {"keepalive": _keepalive}
