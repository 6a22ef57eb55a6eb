"""Rows of tables (map, geo, split_clients) that nginx refuses while it reads them."""

import re
from collections.abc import Callable, Iterator, Mapping

from handclasp.catalogue.directives import Version
from handclasp.model.evidence import GONE
from handclasp.nginxconf.fault_addresses import is_network
from handclasp.nginxconf.fault_patterns import pattern_fault
from handclasp.nginxconf.tree import Directive

_Fault = tuple[str, Directive, int]
"""The words, the row or table they are about, and the offset in its text whose line nginx names."""

_PERCENT = re.compile(r"(\d{1,9})(?:\.(\d{0,2}))?%")
_RANGE = re.compile(r"(\d+(?:\.\d+){3})(?:-(\d+(?:\.\d+){3}))?")
_WHOLE = 100_00
"""Hundredths of a percent."""

_GEO_WORDS = frozenset({"ranges", "proxy_recursive", "volatile"})


def row_faults(block: Directive, version: Version) -> Iterator[_Fault]:
    """The first fault of a table, its name before its rows."""
    variable = block.args[-1] if block.args else ""
    names = block.args if block.name == "geo" and len(block.args) == 2 else (variable,)
    wrong = next((name for name in names if not name.startswith("$")), None)
    if wrong is not None:
        yield f'invalid variable name "{wrong}"', block, block.terminator
        return
    found = next(_TABLES[block.name](block, version), None)
    if found is not None:
        yield found


def _map(block: Directive, version: Version) -> Iterator[_Fault]:
    hostnames, seen, default = False, set[str](), False
    for row in block.block:
        if row.values in {("hostnames",), ("volatile",)}:
            hostnames = hostnames or row.name == "hostnames"
            continue
        if len(row.values) != 2:
            yield "invalid number of the map parameters", row, row.terminator
            continue
        key = row.name
        if key == "default":
            if default:
                yield "duplicate default map parameter", row, row.terminator
            default = True
        elif key.startswith("~"):
            if words := _pattern(key, version):
                yield words, row, row.terminator
        else:
            yield from ((words, row, row.terminator) for words in _key(key.removeprefix("\\"), seen, hostnames=hostnames))


def _key(key: str, seen: set[str], *, hostnames: bool) -> Iterator[str]:
    if hostnames and not valid_wildcard(key):
        yield f'invalid hostname or wildcard "{key}"'
    if not key.isascii() or GONE in key:  # of saved evidence, in which keys that may be secrets are all alike
        return
    if key.lower() in seen:
        yield f'conflicting parameter "{key}"'
    seen.add(key.lower())


def valid_wildcard(name: str) -> bool:
    """Whether nginx takes a name with or without an asterisk (ngx_hash_add_key)."""
    if name.count("*") > 1 or ".." in name:
        return False
    return "*" not in name or (len(name) > 2 and (name.startswith("*.") or name.endswith(".*")))


def _pattern(key: str, version: Version) -> str | None:
    return pattern_fault(key.removeprefix("~*") if key.startswith("~*") else key[1:], version)


def _geo(block: Directive, _: Version) -> Iterator[_Fault]:
    ranges = False
    for row in block.block:
        words = row.values
        if len(words) == 1 and words[0] in _GEO_WORDS:
            ranges = ranges or words[0] == "ranges"
        elif len(words) != 2:
            yield "invalid number of the geo parameters", row, row.terminator
        elif words[0] == "proxy":
            if not is_network(words[1]):
                yield f'invalid network "{words[1]}"', row, row.terminator
        elif words[0] != "default":
            place = words[1] if words[0] == "delete" else words[0]
            if not ranges and not is_network(place):
                yield f'invalid network "{place}"', row, row.terminator
            elif ranges and not _is_range(place):
                yield f'invalid range "{place}"', row, row.terminator


def _is_range(text: str) -> bool:
    """Addresses from one to another; other forms of addresses are left to nginx."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return ":" in text
    first, last = (tuple(map(int, one.split("."))) for one in (found[1], found[2] or found[1]))
    return max(*first, *last) < 256 and first <= last


def _split(block: Directive, _: Version) -> Iterator[_Fault]:
    total = 0
    for row in block.block:
        share = row.name
        if share != "*":
            found = _PERCENT.fullmatch(share)
            hundredths = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
            if not hundredths:
                yield f'invalid percent value "{share}"', row, row.terminator
            total += hundredths
    if total > _WHOLE:
        yield "percent total is greater than 100%", block, block.close


_TABLES: Mapping[str, Callable[[Directive, Version], Iterator[_Fault]]] = {"map": _map, "geo": _geo, "split_clients": _split}
TABLES = frozenset(_TABLES)
