"""The listen directive: which socket, and with what options."""

from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from handclasp.model.nginx import Listen
from handclasp.model.origin import Origin
from handclasp.nginxconf.scope import number

DEFAULT = "80"
"""nginx's port where none is written (started as root; 8000 for everybody else)."""

_MAX_RANGE = 1024
_WILDCARDS = {"", "*", "0.0.0.0"}  # noqa: S104 - names of the same socket, nothing is bound here


def listens(args: tuple[str, ...], origin: Origin) -> tuple[Listen, ...]:
    """The sockets of one listen directive: one, or one per port of a range (of which at most 1024 are read)."""
    address, first, last = split_address(args[0] if args else DEFAULT)
    options = set(args[1:])
    one = Listen(
        address=address,
        port=first,
        ssl="ssl" in options,
        default_server=bool(options & {"default_server", "default"}),
        http2="http2" in options,
        proxy_protocol="proxy_protocol" in options,
        quic="quic" in options,
        ipv6only="ipv6only=off" not in options,
        origin=origin,
    )
    return tuple(replace(one, port=port) for port in range(first, min(last, first + _MAX_RANGE) + 1))


@lru_cache(maxsize=1024)  # the sites of one machine listen on few addresses
def split_address(text: str) -> tuple[str, int, int]:
    """Address as nginx groups sockets, first and last port. A unix socket has port 0."""
    if text.startswith("unix:"):
        return text, 0, 0
    if text.startswith("["):
        host, _, port = text.partition("]")
        return _ipv6(host[1:]), *_ports(port.removeprefix(":"))
    host, colon, port = text.rpartition(":")
    if not colon:
        return ("*", *_ports(text)) if text[:1].isdigit() and "." not in text else (_ipv4(text), *_ports(""))
    return _ipv4(host), *_ports(port)


def _ports(text: str) -> tuple[int, int]:
    low, dash, high = (text or DEFAULT).partition("-")
    first = number(low, 0)
    return first, max(first, number(high, first)) if dash else first


def _ipv4(host: str) -> str:
    if host in _WILDCARDS:
        return "*"
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(IPv4Address(host))
    except ValueError:
        return host.lower()


def _ipv6(host: str) -> str:
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return f"[{host}]"
