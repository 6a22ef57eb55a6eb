"""Arguments of directives that nginx reads one by one: what it says of a wrong one, in its own words without the place."""

import re
from collections.abc import Callable, Mapping

from handclasp.catalogue import directives as catalogue
from handclasp.catalogue.directives import Version
from handclasp.nginxconf.durations import seconds_of
from handclasp.nginxconf.fault_addresses import bind_fault, network_fault, resolver_fault
from handclasp.nginxconf.fault_caches import access_bits, cache_path, cache_valid, open_file_cache, zone_bytes
from handclasp.nginxconf.fault_conditions import condition_fault, condition_pattern
from handclasp.nginxconf.fault_passes import pass_fault
from handclasp.nginxconf.fault_patterns import pattern_fault
from handclasp.nginxconf.value_kinds import refusal

_PAGES = 8 * 4096
_SIZE = re.compile(r"(\d{1,15})([kKmM]?)")
_RATE = re.compile(r"rate=0*[1-9]\d{0,8}(?:r/[sm])?")
_POSITIVE = re.compile(r"0*[1-9]\d{0,8}")
_COUNT = re.compile(r"0*[1-9]\d{0,17}")
_FLAGS = frozenset({"last", "break", "redirect", "permanent"})
_MOST_CONNECTIONS = 65535
_MODIFIERS = frozenset({"=", "^~", "~", "~*"})
_METHODS = frozenset(
    "GET HEAD POST PUT DELETE MKCOL COPY MOVE OPTIONS PROPFIND PROPPATCH LOCK UNLOCK PATCH".split()  # noqa: SIM905
)
_LEAST_POOL, _ALIGNED = 112, 16
_A_DAY = 24 * 60 * 60
_EVENTS = frozenset({"epoll", "poll", "select", "kqueue", "/dev/poll", "eventport", "devpoll", "rtsig"})
_CPUS = re.compile(r"[^01 ]")

Check = Callable[[str, tuple[str, ...]], str | None]


def argument_fault(name: str, args: tuple[str, ...], context: str, version: Version) -> str | None:
    """What nginx says of the arguments of a directive whose number is right; None when it takes them, or none is known."""
    table = _IN_MAIN if context in _OUTSIDE else _IN_STREAM if context in _STREAM else _IN_HTTP
    check = table.get(name)
    if check is not None:
        return check(name, args)
    by_version = None if table is _IN_MAIN else _BY_VERSION.get(name)
    return by_version(args, version) if by_version else None


def _buffers(name: str, args: tuple[str, ...]) -> str | None:
    count, size = args
    sized = _SIZE.fullmatch(size)
    good = _COUNT.fullmatch(count) and sized and int(sized[1])
    return None if good else f'"{name}" directive invalid value'


def _limit_zone(name: str, args: tuple[str, ...]) -> str | None:
    named = False
    for text in args[1:]:
        if text.startswith("zone="):
            size = zone_bytes(text)
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


def _rewrite(args: tuple[str, ...], version: Version) -> str | None:
    if words := pattern_fault(args[0], version):
        return words
    return f'invalid parameter "{args[2]}"' if len(args) > 2 and args[2] not in _FLAGS else None


def _header(_: str, args: tuple[str, ...]) -> str | None:
    return f'invalid parameter "{args[2]}"' if len(args) > 2 and args[2] != "always" else None


def _expires(name: str, args: tuple[str, ...]) -> str | None:
    modified, value = len(args) > 1, args[-1]
    if modified and args[0] != "modified":
        return f'"{name}" directive invalid value'
    if "$" in value or (not modified and value in {"epoch", "max", "off"}):
        return None
    daily = value.startswith("@")
    if daily and modified:
        return f'"{name}" directive daily time cannot be used with "modified" parameter'
    time = value[1:] if value[:1] in {"@", "+", "-"} else value
    if refusal("seconds", name, time):
        return f'"{name}" directive invalid value'
    late = daily and (seconds_of(time) or 0) > _A_DAY
    return f'"{name}" directive daily time value must be less than 24 hours' if late else None


def _keepalive_timeout(name: str, args: tuple[str, ...]) -> str | None:
    return next((words for text in args if (words := refusal("seconds", name, text))), None)


def _try_files(_: str, args: tuple[str, ...]) -> str | None:
    code = args[-1][1:]
    good = not args[-1].startswith("=") or (code.isdigit() and int(code[:9]) <= 999)
    return None if good else f'invalid code "{args[-1]}"'


def _variable(_: str, args: tuple[str, ...]) -> str | None:
    return None if args[0].startswith("$") else f'invalid variable name "{args[0]}"'


def _location(args: tuple[str, ...], version: Version) -> str | None:
    if len(args) > 1:
        if args[0] not in _MODIFIERS:
            return f'invalid location modifier "{args[0]}"'
        return pattern_fault(args[1], version) if args[0] in {"~", "~*"} else None
    if not args[0].startswith("~"):
        return None
    return pattern_fault(args[0][2:] if args[0].startswith("~*") else args[0][1:], version)


def _server_name(args: tuple[str, ...], version: Version) -> str | None:
    for name in args:
        if not name:
            continue
        if name == "." or (name.startswith("*") and (len(name) < 3 or name[1] != ".")):
            return f'server name "{name}" is invalid'
        if name == "~":
            return f'empty regex in server name "{name}"'
        if name.startswith("~") and (words := pattern_fault(name[1:], version)):
            return words
    return None


def _limit_except(_: str, args: tuple[str, ...]) -> str | None:
    return next((f'invalid method "{method}"' for method in args if method.upper() not in _METHODS), None)


def _only_off(_: str, args: tuple[str, ...]) -> str | None:
    """proxy_cookie_domain and proxy_cookie_path: alone they can only be switched off."""
    return f'invalid parameter "{args[0]}"' if len(args) == 1 and args[0] != "off" else None


def _redirect(args: tuple[str, ...], version: Version) -> str | None:
    if len(args) == 1:
        return None if args[0] in {"off", "default"} else f'invalid parameter "{args[0]}"'
    if not args[0].startswith("~"):
        return None
    return pattern_fault(args[0][2:] if args[0].startswith("~*") else args[0][1:], version)


def _symlinks(name: str, args: tuple[str, ...]) -> str | None:
    known = {"on", "off", "if_not_owner"}
    for text in args:
        if text not in known and not text.startswith("from="):
            return f'invalid parameter "{text}"'
    return None if set(args) & known else f'"{name}" must have "off", "on" or "if_not_owner" parameter'


def _one_of(*words: str, **kinds: str) -> Check:
    """A value that is one of some words, or of a kind."""
    kind = kinds.get("kind", "")

    def check(name: str, args: tuple[str, ...]) -> str | None:
        if args[0] in words or (kind and not refusal(kind, name, args[0])):
            return None
        return f'"{name}" directive invalid value'

    return check


def _aio(name: str, args: tuple[str, ...]) -> str | None:
    good = args[0] in {"on", "off", "threads", "sendfile"} or args[0].startswith("threads=")
    return None if good else f'"{name}" directive invalid value'


def _use(_: str, args: tuple[str, ...]) -> str | None:
    return None if args[0] in _EVENTS else f'invalid event type "{args[0]}"'


def _priority(name: str, args: tuple[str, ...]) -> str | None:
    number = args[0][1:] if args[0][:1] in {"+", "-"} else args[0]
    return None if number.isascii() and number.isdigit() else f'"{name}" directive invalid number'


def _cpus(name: str, args: tuple[str, ...]) -> str | None:
    masks = args[1:] if args[0] == "auto" else args
    strange = next((found[-1] for mask in masks if (found := _CPUS.findall(mask))), None)
    return f'invalid character "{strange}" in "{name}"' if strange else None


def _pool(_: str, args: tuple[str, ...]) -> str | None:
    for text in args[1:]:
        word, _, value = text.partition("=")
        if word not in {"threads", "max_queue"}:
            return None
        if not (value.isascii() and value.isdigit()) or (word == "threads" and not int(value[:18])):
            return f'invalid {word} value "{text}"'
    return None


def _if(args: tuple[str, ...], version: Version) -> str | None:
    if words := condition_fault(args):
        return words
    pattern = condition_pattern(args)
    return pattern_fault(pattern, version) if pattern is not None else None


def _split_path(args: tuple[str, ...], version: Version) -> str | None:
    return pattern_fault(args[0], version)


def _browsers(args: tuple[str, ...], version: Version) -> str | None:
    patterns = (text for text in args if text not in {"msie6", "degradation"})
    return next((words for text in patterns if (words := pattern_fault(text, version))), None)


def _pool_size(_: str, args: tuple[str, ...]) -> str | None:
    found = _SIZE.fullmatch(args[0])
    size = int(found[1]) * {"": 1, "k": 1024, "m": 1024**2}[found[2].lower()] if found else 0
    if size < _LEAST_POOL:
        return f"the pool size must be no less than {_LEAST_POOL}" if found else None
    return f"the pool size must be a multiple of {_ALIGNED}" if size % _ALIGNED else None


def _parameter(_: str, args: tuple[str, ...]) -> str | None:
    return f'invalid parameter "{args[2]}"' if len(args) > 2 and args[2] != "if_not_empty" else None


_BUFFERS = ("proxy", "fastcgi", "uwsgi", "scgi", "gzip", "gunzip", "output", "large_client_header")
_CACHES = ("proxy", "fastcgi", "uwsgi", "scgi")
_PASSING = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")
_SHARED: Mapping[str, Check] = {
    "limit_conn_zone": _limit_zone,
    "limit_conn": _limit_conn,
    "allow": network_fault,
    "deny": network_fault,
    "set": _variable,
    "proxy_bind": bind_fault,
}
_IN_STREAM: Mapping[str, Check] = {**_SHARED, "proxy_pass": lambda _, args: pass_fault("", args)}
_IN_HTTP: Mapping[str, Check] = {
    **_SHARED,
    **{f"{name}_buffers": _buffers for name in _BUFFERS},
    **{f"{name}_cache_path": cache_path for name in _CACHES},
    **{f"{name}_cache_valid": cache_valid for name in _CACHES},
    **{f"{name}_store_access": access_bits for name in _CACHES},
    **{f"{name}_bind": bind_fault for name in _PASSING},
    **{f"{name}_pass": pass_fault for name in _PASSING},
    **{f"{name}_param": _parameter for name in ("fastcgi", "uwsgi", "scgi")},
    **{f"{name}_pool_size": _pool_size for name in ("connection", "request")},
    "dav_access": access_bits,
    "open_file_cache": open_file_cache,
    "limit_req_zone": _limit_zone,
    "limit_req": _limit_req,
    "add_header": _header,
    "add_trailer": _header,
    "expires": _expires,
    "keepalive_timeout": _keepalive_timeout,
    "try_files": _try_files,
    "auth_request_set": _variable,
    "limit_except": _limit_except,
    "proxy_cookie_domain": _only_off,
    "proxy_cookie_path": _only_off,
    "disable_symlinks": _symlinks,
    "aio": _aio,
    "directio": _one_of("off", kind="offset"),
    "userid_expires": _one_of("max", "off", kind="seconds"),
}
_IN_MAIN: Mapping[str, Check] = {
    "worker_processes": _one_of("auto", kind="count"),
    "worker_priority": _priority,
    "worker_cpu_affinity": _cpus,
    "thread_pool": _pool,
    "use": _use,
}
_BY_VERSION: Mapping[str, Callable[[tuple[str, ...], Version], str | None]] = {
    "resolver": resolver_fault,
    "if": _if,
    "rewrite": _rewrite,
    "location": _location,
    "server_name": _server_name,
    "proxy_redirect": _redirect,
    "fastcgi_split_path_info": _split_path,
    "gzip_disable": _browsers,
}
_OUTSIDE = frozenset({catalogue.MAIN, catalogue.EVENTS})
_STREAM = frozenset({catalogue.STREAM, catalogue.STREAM_SERVER, catalogue.STREAM_UPSTREAM})
CHECKED = frozenset({*_IN_HTTP, *_IN_STREAM, *_IN_MAIN, *_BY_VERSION, "access_log", "log_format"})
"""The directives whose arguments are looked at one by one."""
