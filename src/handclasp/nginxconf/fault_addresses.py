"""Addresses as nginx reads them (ngx_parse_url, ngx_ptocidr): what is wrong with one, without asking for any name."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address, IPv6Network

from handclasp.catalogue.directives import Version
from handclasp.nginxconf.value_kinds import refusal

_SOCKET_PATH = 107
_IPV4 = re.compile(r"(\d*)\.(\d*)\.(\d*)\.(\d*)(?:/(\d{1,9}))?", re.ASCII)
_BOTH_OFF = '"ipv4" and "ipv6" cannot both be "off"'
_IPV4_SWITCH = (1, 23, 1)
_SWITCHES = {"on", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """What nginx makes of `host:port/uri`. `error`: its words; `port` None: none is written."""

    host: str = ""
    port: int | None = None
    error: str | None = None


def is_port(text: str) -> bool:
    """Whether a text is a port number."""
    return text.isascii() and text.isdigit() and 0 < int(text[:9]) < 65536


def parse_url(text: str, *, with_uri: bool = False) -> Url:
    """An address to connect to. `with_uri`: a path may follow it."""
    if text[:5].lower() == "unix:":
        return _socket(text[5:], with_uri=with_uri)
    if text.startswith("["):
        return _bracketed(text, with_uri=with_uri)
    authority, uri = _cut(text)
    if uri and not with_uri:
        return Url(error="invalid host")
    host, colon, port = authority.partition(":")
    if colon and not is_port(port):
        return Url(error="invalid port")
    return Url(host=host.lower(), port=int(port) if colon else None, error=None if host else "no host")


def _cut(text: str) -> tuple[str, str]:
    found = re.search(r"[/?]", text)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def _socket(path: str, *, with_uri: bool) -> Url:
    name = path.partition(":")[0] if with_uri else path
    if not name:
        return Url(error="no path in the unix domain socket")
    too_long = len(name) > _SOCKET_PATH
    return Url(host=f"unix:{name}", port=0, error="too long path in the unix domain socket" if too_long else None)


def _bracketed(text: str, *, with_uri: bool) -> Url:
    host, closing, rest = text[1:].partition("]")
    after, uri = _cut(rest)
    if not closing or (uri and not with_uri) or (after and not after.startswith(":")):
        return Url(error="invalid host")
    if after and not is_port(after[1:]):
        return Url(error="invalid port")
    try:
        IPv6Address(host)
    except AddressValueError:
        return Url(error="invalid IPv6 address" if host else "no host")
    return Url(host=f"[{host}]", port=int(after[1:]) if after else None)


def is_network(text: str) -> bool:
    """An IPv4 or IPv6 address or network."""
    return _is_ipv4(text) or _is_ipv6(text)


def _is_ipv4(text: str) -> bool:
    """As nginx counts: four numbers, of which any may be left out."""
    found = _IPV4.fullmatch(text)
    if found is None:
        return False
    *octets, bits = found.groups()
    return all(int(one[:9] or 0) < 256 for one in octets) and int(bits or 0) <= 32


def _is_ipv6(text: str) -> bool:
    address, slash, bits = text.partition("/")
    if "%" in text or (slash and not bits.isdigit()):
        return False
    try:
        IPv6Network(f"{address}/{bits or 128}", strict=False)
    except ValueError:
        return False
    return True


def network_fault(_: str, args: tuple[str, ...]) -> str | None:
    """What is wrong with the argument of allow or deny."""
    known = args[0] in {"all", "unix:"} or is_network(args[0])
    return None if known else f'invalid parameter "{args[0]}"'


def bind_fault(_: str, args: tuple[str, ...]) -> str | None:
    """proxy_bind and the like: the address to connect from."""
    if "$" not in args[0] and args[0] != "off" and not _is_local(args[0]):
        return f'invalid address "{args[0]}"'
    return f'invalid parameter "{args[1]}"' if len(args) > 1 and args[1] != "transparent" else None


def _is_local(text: str) -> bool:
    if text[:5].lower() == "unix:":
        return True
    if text.startswith("["):
        return parse_url(text).error is None
    host, colon, port = text.partition(":")
    if colon and ":" in port:
        return _is_ipv6(text) and "/" not in text
    return "/" not in host and _is_ipv4(host) and (not colon or is_port(port))


def resolver_fault(args: tuple[str, ...], version: Version) -> str | None:
    """Who is asked for names; names of resolvers themselves are not looked up here."""
    off: set[str] = set()
    for text in args:
        word, equals, value = text.partition("=")
        if equals and (word == "ipv6" or (word == "ipv4" and version >= _IPV4_SWITCH)):
            if value not in _SWITCHES:
                return f"invalid parameter: {text}"
            off |= {word} if value == "off" else set()
        elif equals and word == "valid":
            if refusal("seconds", "", value):
                return f"invalid parameter: {text}"
        elif not (equals and word in {"status_zone", "ipv4"}) and (error := parse_url(text).error):
            return f'{error} in resolver "{text}"'
    return _BOTH_OFF if len(off) > 1 else None
