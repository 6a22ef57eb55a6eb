"""Arguments of directives that nginx reads one by one: what it says of a wrong one, in its own words without the place."""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv6Network

from handclasp.nginxconf.value_kinds import refusal

_PAGES = 8 * 4096
_SIZE = re.compile(r"(\d{1,15})([kKmM]?)")
_UNIT = {"": 1, "k": 1024, "m": 1024 * 1024}
_RATE = re.compile(r"rate=0*[1-9]\d{0,8}(?:r/[sm])?")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|[01]?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d?\d)(?:/(?:[12]?\d|3[0-2]))?")
_POSITIVE = re.compile(r"0*[1-9]\d{0,8}")
_TESTS = frozenset({"-f", "!-f", "-d", "!-d", "-e", "!-e", "-x", "!-x"})
_AUTHORITY = re.compile(r"https?://([^/?#$]+)(?:[/?#].*)?", re.DOTALL)
_FLAGS = frozenset({"last", "break", "redirect", "permanent"})
_MOST_CONNECTIONS = 65535


def argument_fault(name: str, args: tuple[str, ...]) -> str | None:
    """What nginx says of the arguments of a directive whose number is right; None when it takes them, or none is known."""
    check = _CHECKS.get(name)
    return check(name, args) if check else None


def zone_size(text: str) -> int | None:
    """The bytes of `zone=NAME:SIZE`; None when it names no size."""
    found = _SIZE.fullmatch(text.partition(":")[2])
    return int(found[1]) * _UNIT[found[2].lower()] if found else None


def _buffers(name: str, args: tuple[str, ...]) -> str | None:
    count, size = args
    sized = _SIZE.fullmatch(size)
    good = _POSITIVE.fullmatch(count) and sized and int(sized[1])
    return None if good else f'"{name}" directive invalid value'


def _limit_zone(name: str, args: tuple[str, ...]) -> str | None:
    named = False
    for text in args[1:]:
        if text.startswith("zone="):
            size = zone_size(text)
            if size is None:
                return f'invalid zone size "{text}"'
            if size < _PAGES:
                return f'zone "{text}" is too small'
            named = True
        elif name == "limit_req_zone" and text.startswith("rate="):
            if not _RATE.fullmatch(text):
                return f'invalid rate "{text}"'
        else:
            return f'invalid parameter "{text}"'
    return None if named else f'"{name}" must have "zone" parameter'


def _limit_req(name: str, args: tuple[str, ...]) -> str | None:
    for text in args:
        word, equals, value = text.partition("=")
        if word in {"burst", "delay"} and equals:
            if not _POSITIVE.fullmatch(value):
                return f'invalid {word} value "{text}"'
        elif text != "nodelay" and not text.startswith("zone="):
            return f'invalid parameter "{text}"'
    return None if any(text.startswith("zone=") for text in args) else f'"{name}" must have "zone" parameter'


def _limit_conn(_: str, args: tuple[str, ...]) -> str | None:
    if not _POSITIVE.fullmatch(args[1]):
        return f'invalid number of connections "{args[1]}"'
    return "connection limit must be less 65536" if int(args[1]) > _MOST_CONNECTIONS else None


def _network(_: str, args: tuple[str, ...]) -> str | None:
    text = args[0]
    return None if text in {"all", "unix:"} or _IPV4.fullmatch(text) or _is_ipv6(text) else f'invalid parameter "{text}"'


def _is_ipv6(text: str) -> bool:
    address, slash, bits = text.partition("/")
    if slash and not bits.isdigit():
        return False
    try:
        IPv6Network(f"{address}/{bits or 128}", strict=False)
    except ValueError:
        return False
    return True


def _rewrite(_: str, args: tuple[str, ...]) -> str | None:
    return f'invalid parameter "{args[2]}"' if len(args) > 2 and args[2] not in _FLAGS else None


def _header(_: str, args: tuple[str, ...]) -> str | None:
    return f'invalid parameter "{args[2]}"' if len(args) > 2 and args[2] != "always" else None


def _keepalive_timeout(name: str, args: tuple[str, ...]) -> str | None:
    return refusal("seconds", name, args[1]) if len(args) > 1 else None


def _try_files(_: str, args: tuple[str, ...]) -> str | None:
    code = args[-1][1:]
    good = not args[-1].startswith("=") or (code.isdigit() and int(code[:9]) <= 999)
    return None if good else f'invalid code "{args[-1]}"'


def _variable(_: str, args: tuple[str, ...]) -> str | None:
    return None if args[0].startswith("$") else f'invalid variable name "{args[0]}"'


def _condition(_: str, args: tuple[str, ...]) -> str | None:
    first = args[0].removeprefix("(") or "".join(args[1:2])
    word = first.removesuffix(")") if len(args) == 1 else first
    return None if word.startswith("$") or word in _TESTS else f'invalid condition "{word}"'


def _upstream_port(_: str, args: tuple[str, ...]) -> str | None:
    found = _AUTHORITY.fullmatch(args[0])
    port = found[1].rpartition("]")[2].rpartition(":")[2] if found and ":" in found[1].rpartition("]")[2] else "80"
    good = found is None or found[1].startswith("unix:") or (port.isdigit() and 0 < int(port[:9]) < 65536)
    return None if good or found is None else f'invalid port in upstream "{found[0].partition("://")[2]}"'


_BUFFERS = ("proxy", "fastcgi", "uwsgi", "scgi", "gzip", "gunzip", "output", "large_client_header")
_CHECKS: Mapping[str, Callable[[str, tuple[str, ...]], str | None]] = {
    **{f"{name}_buffers": _buffers for name in _BUFFERS},
    "limit_req_zone": _limit_zone,
    "limit_conn_zone": _limit_zone,
    "limit_req": _limit_req,
    "limit_conn": _limit_conn,
    "allow": _network,
    "deny": _network,
    "rewrite": _rewrite,
    "add_header": _header,
    "add_trailer": _header,
    "keepalive_timeout": _keepalive_timeout,
    "try_files": _try_files,
    "set": _variable,
    "auth_request_set": _variable,
    "if": _condition,
    "proxy_pass": _upstream_port,
}
