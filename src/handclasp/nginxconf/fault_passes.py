"""Where requests are passed: addresses that nginx refuses while it reads them, and ports that it misses at the end."""

import re
from collections.abc import Iterator, Mapping

from handclasp.model.evidence import GONE
from handclasp.model.nginx import StartFault
from handclasp.nginxconf.fault_addresses import Url, parse_url
from handclasp.nginxconf.tree import Directive, inside, named

_SCHEMES: Mapping[str, tuple[str, ...]] = {
    "proxy_pass": ("http://", "https://"),
    "grpc_pass": ("grpc://", "grpcs://"),
    "uwsgi_pass": ("uwsgi://", "suwsgi://"),
}
_PASSES = frozenset({f"{name}_pass" for name in ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")})


def _address(name: str, target: str) -> tuple[str, Url] | None:
    """What follows the scheme, and what it says; None: variables, or a scheme that is refused elsewhere."""
    if "$" in target:
        return None
    scheme = next((one for one in _SCHEMES.get(name, ()) if target.lower().startswith(one)), "")
    if name == "proxy_pass" and not scheme:
        return None
    rest = target[len(scheme) :]
    return rest, parse_url(rest, with_uri=name == "proxy_pass")


def pass_fault(name: str, args: tuple[str, ...]) -> str | None:
    """What is wrong with the address of proxy_pass, fastcgi_pass and the like."""
    found = _address(name, args[0])
    return f'{found[1].error} in upstream "{_shown(found[0])}"' if found and found[1].error else None


def _shown(address: str) -> str:
    """The address without a name and a password in it: what is said here is pasted elsewhere."""
    named, at, host = address.partition("@")
    return f"{GONE}@{re.split('[/?]', host)[0]}" if at and "/" not in named else address


def without_port(module: Directive) -> Iterator[StartFault]:
    """Backends that are no upstream{} and have no port where there is no usual one, and upstreams that were given one."""
    upstreams = {item.args[0].lower() for item in named(module.block, "upstream") if item.args}
    stream = module.name == "stream"
    for item in inside(module):
        if item.values[0] not in _PASSES or len(item.args) != 1 or item.children is not None:
            continue
        found = _address("" if stream else item.name, item.args[0])
        if found is None or found[1].error:
            continue
        text, url = found
        place = f"{item.source.file}:{item.reported_line}"
        if url.host in upstreams and url.port is not None:
            words = f'upstream "{url.host}" may not have port {url.port} in {place}'
        elif url.port is None and url.host not in upstreams and (stream or item.name != "proxy_pass"):
            words = f'no port in upstream "{text}" in {place}'
        else:
            continue
        yield StartFault(message=words, origin=item.origin, directive=item.name)
