"""Sizes of buffers that do not fit together: nginx compares them when it merges locations, and names the end of http{}."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handclasp.model.nginx import StartFault
from handclasp.nginxconf.tree import Directive

_MODULES = ("proxy", "fastcgi", "uwsgi", "scgi")
_PARTS = ("buffers", "buffer_size", "busy_buffers_size", "temp_file_write_size", "max_temp_file_size")
_BLOCKS = frozenset({"server", "location", "if", "limit_except"})
_SIZE = re.compile(r"(\d{1,15})([kKmMgG]?)")
_UNIT = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_PAGE = 4096
_EITHER = 'the maximum of the value of "{m}_buffer_size" and one of the "{m}_buffers"'

Sizes = Mapping[str, tuple[tuple[int, ...], Directive]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """What is compared: the buffers of one answer, and the largest of them."""

    count: int
    each: int
    largest: int


def buffer_faults(http: Directive) -> Iterator[StartFault]:
    """The first complaint of each module about each block, outer blocks first."""
    for module in _MODULES:
        names = {f"{module}_{part}": part for part in _PARTS}
        yield from _of_block(http, {}, module, names, http)


def _of_block(block: Directive, outer: Sizes, module: str, names: Mapping[str, str], http: Directive) -> Iterator[StartFault]:
    own = {names[item.name]: (sizes, item) for item in block.block if item.name in names and (sizes := _sizes(item))}
    inside = {**outer, **own}
    if block is not http and inside and (own or block.name == "server"):
        yield from _compared(inside, module, http)
    for item in block.block:
        if item.children is not None and item.name in _BLOCKS:
            yield from _of_block(item, inside, module, names, http)


def _sizes(item: Directive) -> tuple[int, ...]:
    found = [_SIZE.fullmatch(text) for text in item.args]
    return tuple(int(one[1]) * _UNIT[one[2].lower()] for one in found if one) if all(found) else ()


def _compared(sizes: Sizes, module: str, http: Directive) -> Iterator[StartFault]:
    count, each = sizes["buffers"][0] if "buffers" in sizes and len(sizes["buffers"][0]) == 2 else (8, _PAGE)
    largest = max(each, sizes["buffer_size"][0][0] if "buffer_size" in sizes else _PAGE)
    found = next(_complaints(sizes, _Sum(count=count, each=each, largest=largest)), None)
    if found is not None:
        words, part = found
        item = sizes[part][1] if part in sizes else next(iter(sizes.values()))[1]
        place = f"{http.source.file}:{http.source.line(http.close)}"
        yield StartFault(message=f"{words.format(m=module)} in {place}", origin=item.origin, directive=item.name)


def _complaints(sizes: Sizes, given: _Sum) -> Iterator[tuple[str, str]]:
    if given.count < 2:
        yield 'there must be at least 2 "{m}_buffers"', "buffers"
        return
    busy = sizes["busy_buffers_size"][0][0] if "busy_buffers_size" in sizes else 2 * given.largest
    if busy < given.largest:
        yield f'"{{m}}_busy_buffers_size" must be equal to or greater than {_EITHER}', "busy_buffers_size"
    if busy > (given.count - 1) * given.each:
        part = "busy_buffers_size" if "busy_buffers_size" in sizes else "buffer_size"
        yield '"{m}_busy_buffers_size" must be less than the size of all "{m}_buffers" minus one buffer', part
    if "temp_file_write_size" in sizes and sizes["temp_file_write_size"][0][0] < given.largest:
        yield f'"{{m}}_temp_file_write_size" must be equal to or greater than {_EITHER}', "temp_file_write_size"
    if "max_temp_file_size" in sizes and 0 < sizes["max_temp_file_size"][0][0] < given.largest:
        words = f"must be equal to zero to disable temporary files usage or must be equal to or greater than {_EITHER}"
        yield f'"{{m}}_max_temp_file_size" {words}', "max_temp_file_size"
