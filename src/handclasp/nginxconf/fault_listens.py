"""What nginx says of listen: of its parameters, and of sockets that earlier listens of http{} named already."""

import re
from collections.abc import Iterator, Mapping

from handclasp.catalogue.directives import Version
from handclasp.nginxconf.fault_addresses import is_port
from handclasp.nginxconf.listen import split_address
from handclasp.nginxconf.value_kinds import refusal

_PORTS = re.compile(r"\d+(?:-\d+)?")
_WORDS = frozenset(
    {"default", "default_server", "bind", "ssl", "http2", "quic", "deferred", "reuseport", "proxy_protocol", "spdy"}
)
_TENGINES = frozenset({"xquic", "xudp"})
_WITH_VALUE = frozenset({"setfib", "accept_filter"})
_OF_A_KIND: Mapping[str, str] = {"backlog": "count", "fastopen": "count", "rcvbuf": "size", "sndbuf": "size"}
_SETTING = frozenset({"bind", "deferred", "reuseport", "multipath"})
"""What counts as an option of the socket itself, besides every word with a value."""

_QUIC, _NOT_BESIDE_QUIC = (1, 25, 0), ("ssl", "http2", "proxy_protocol")
_MULTIPATH = (1, 29, 7)
_MAX_RANGE = 1024
_DATAGRAMS = "udp"


def listen_fault(args: tuple[str, ...], version: Version, *, udp: bool = False) -> str | None:
    """What is wrong with the address or a parameter. `udp`: datagrams may be listened for (stream)."""
    if words := _address(args[0]):
        return words
    if words := next((words for text in args[1:] if (words := _parameter(text, version, udp=udp))), None):
        return words
    beside = next((one for one in _NOT_BESIDE_QUIC if one in args[1:]), None) if "quic" in args[1:] else None
    return None if beside is None else f'"listen" directive "{beside}" parameter is incompatible with "quic"'


def _address(text: str) -> str | None:
    place = f'in "{text}" of the "listen" directive'
    if text[:5].lower() == "unix:":
        return None if text[5:] else f"no path in the unix domain socket {place}"
    if "/" in text or "?" in text or (text.startswith("[") and "]" not in text):
        return f"invalid host {place}"
    if ":" not in text and not _PORTS.fullmatch(text):
        return None
    ports = text.rpartition("]")[2].partition(":")[2] if ":" in text else text
    if text.startswith("[") and text.endswith("]"):
        return None
    low, dash, high = ports.partition("-")
    if not (is_port(low) and (not dash or is_port(high))):
        return f"invalid port {place}"
    return f"invalid port range {place}" if dash and int(low) > int(high) else None


def _parameter(text: str, version: Version, *, udp: bool) -> str | None:
    if text == "quic" and version < _QUIC:
        return f'invalid parameter "{text}"'
    if text in _WORDS | _TENGINES or (udp and text == "udp") or (text == "multipath" and version >= _MULTIPATH):
        return None
    word, equals, value = text.partition("=")
    if equals and word in _OF_A_KIND:
        wrong = refusal(_OF_A_KIND[word], "", value) or (word == "backlog" and not int(value))
        return f'invalid {word} "{text}"' if wrong else None
    if word == "so_keepalive" and equals:
        return None if _is_keepalive(value) else f'invalid so_keepalive value: "{value}"'
    if word == "ipv6only" and value.startswith("o"):
        return None if value in {"on", "off"} else f'invalid ipv6only flags "{value}"'
    return None if equals and word in _WITH_VALUE else f'invalid parameter "{text}"'


def _is_keepalive(value: str) -> bool:
    if value in {"on", "off"}:
        return True
    idle, _, rest = value.partition(":")
    interval, _, count = rest.partition(":")
    times = [text for text in (idle, interval) if text]
    return bool(times or count) and not any(refusal("seconds", "", text) for text in times) and count.isdigit() | (not count)


class ListenFaults:
    """The sockets of http{} or stream{} named so far."""

    def __init__(self) -> None:
        self.defaults: set[tuple[str, int]] = set()
        self.set: set[tuple[str, int]] = set()

    def one(self, args: tuple[str, ...], sockets: set[tuple[str, int]]) -> str | None:
        """What nginx says of a listen because of those before it; `sockets` are those of the server itself."""
        options = set(args[1:])
        return next((words for socket in _sockets(args) if (words := self._socket(socket, options, sockets))), None)

    def _socket(self, socket: tuple[str, int], options: set[str], sockets: set[tuple[str, int]]) -> str | None:
        address, port = socket[0].removesuffix(f" {_DATAGRAMS}"), socket[1]
        shown = f"{'0.0.0.0' if address == '*' else address}:{port}" if port else address  # noqa: S104 - nginx's words
        if socket in sockets:
            return f"a duplicate listen {shown}"
        sockets.add(socket)
        if any(one in _SETTING or ("=" in one) for one in options):
            if socket in self.set:
                return f"duplicate listen options for {shown}"
            self.set.add(socket)
        if options & {"default", "default_server"}:
            if socket in self.defaults:
                return f"a duplicate default server for {shown}"
            self.defaults.add(socket)
        return None


def _sockets(args: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Address and port of each; datagrams and connections of one address are two sockets."""
    address, first, last = split_address(args[0])
    kept = f"{address} {_DATAGRAMS}" if {"quic", "udp"} & set(args[1:]) else address
    return ((kept, port) for port in range(first, min(last, first + _MAX_RANGE) + 1))
