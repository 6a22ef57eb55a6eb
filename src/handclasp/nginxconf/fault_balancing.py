"""What nginx refuses in upstream{}: servers and their parameters, and how requests are spread over them."""

import re
from collections.abc import Iterator, Mapping

from handclasp.catalogue.directives import UPSTREAM, Version
from handclasp.model.nginx import StartFault
from handclasp.nginxconf.fault_addresses import parse_url
from handclasp.nginxconf.fault_caches import zone_bytes
from handclasp.nginxconf.tree import Directive, named
from handclasp.nginxconf.value_kinds import refusal

_PAGES = 8 * 4096
_NUMBER = re.compile(r"\d{1,18}")
_WITHOUT_BACKUP = frozenset({"ip_hash", "hash", "random"})
_NEWER = (1, 27, 3)
"""From here on names may be resolved at run time, and more words may follow (sticky sessions came in 1.29)."""
_NEW_WORDS = frozenset({"resolve", "service", "route", "slow_start", "drain"})
_ANGIES = "sid"
"""A word of Angie's for sticky sessions, which nobody means otherwise."""
_WORDS: Mapping[str, str] = {"weight": "positive", "max_conns": "count", "max_fails": "count", "fail_timeout": "seconds"}


class BalancingFaults:
    """One upstream{} while it is read."""

    def __init__(self, version: Version, context: str) -> None:
        self.version = version
        self.stream = context != UPSTREAM
        self.backups = True

    def one(self, item: Directive) -> str | None:
        """What nginx says of one of its directives."""
        if item.name in _WITHOUT_BACKUP:
            self.backups = False
        elif item.name == "least_conn":
            self.backups = True
        if item.name == "server":
            return self._server(item.args)
        if item.name == "hash":
            return next((f'invalid parameter "{text}"' for text in item.args[1:] if text != "consistent"), None)
        if item.name == "random":
            return _random(item.args)
        return _zone(item.args) if item.name == "zone" else None

    def _server(self, args: tuple[str, ...]) -> str | None:
        found = parse_url(args[0])
        options = next((words for text in args[1:] if (words := self._option(text))), None)
        if not self.stream and options:
            return options
        if found.error:
            return f'{found.error} in upstream "{args[0]}"'
        return options or (f'no port in upstream "{args[0]}"' if self.stream and found.port is None else None)

    def _option(self, text: str) -> str | None:
        word, equals, value = text.partition("=")
        if text == "backup" and not self.backups:
            return f'balancing method does not support parameter "{text}"'
        if text in {"backup", "down"} or word == _ANGIES or (self.version >= _NEWER and word in _NEW_WORDS):
            return None
        kind = _WORDS.get(word) if equals else None
        if kind == "positive":
            good = _NUMBER.fullmatch(value) is not None and int(value) > 0
        else:
            good = kind is not None and not refusal(kind, "", value)
        return None if good else f'invalid parameter "{text}"'


def _random(args: tuple[str, ...]) -> str | None:
    if args and args[0] != "two":
        return f'invalid parameter "{args[0]}"'
    methods = {"least_conn", "least_time=header", "least_time=last_byte"}
    return f'invalid parameter "{args[1]}"' if len(args) > 1 and args[1] not in methods else None


def _zone(args: tuple[str, ...]) -> str | None:
    if not args[0]:
        return f'invalid zone name "{args[0]}"'
    if len(args) == 1:
        return None
    size = zone_bytes(f":{args[1]}")
    if size is None:
        return f'invalid zone size "{args[1]}"'
    return f'zone "{args[0]}" is too small' if size < _PAGES else None


def none_but_backups(module: Directive) -> Iterator[StartFault]:
    """Upstreams whose servers are all backups: nginx finds none when it makes them."""
    for block in named(module.block, "upstream"):
        servers = [item for item in block.block if item.name == "server"]
        if servers and block.args and all("backup" in item.args[1:] for item in servers):
            message = f'no servers in upstream "{block.args[0]}" in {block.source.file}:{block.reported_line}'
            yield StartFault(message=message, origin=block.origin, directive="upstream")
