"""Variables that nobody sets: nginx says so at the end of http{}, and without a place (ngx_http_variables_init_vars)."""

import re
from collections.abc import Iterable, Iterator

from handclasp.catalogue import stock_directives as stock
from handclasp.catalogue import stock_variables as known
from handclasp.model.nginx import StartFault
from handclasp.nginxconf.sandbox_tables import DATA_BLOCKS
from handclasp.nginxconf.tree import Directive, walk

_READ = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_CAPTURE = re.compile(r"\(\?(?:P?<|')(\w+)[>']")
_DEFINED_BY = {"set": 0, "map": 1, "split_clients": 1, "auth_request_set": 0, "geo": -1}
_MAP_WORDS = frozenset({"hostnames", "volatile", "include"})


def unknown_variables(http: Directive) -> Iterator[StartFault]:
    """The first variable in http{} that is read and set by nobody; nothing where modules of others may set some."""
    everything = [item for item, _ in walk(http.block)]
    if any(stock.of_another_module(item.name) and not _is_row(parents) for item, parents in walk(http.block)):
        return
    defined = {name for item in everything for name in _defines(item)}
    for item in everything:
        for name in _reads(item):
            if name not in defined and not known.is_known(name):
                yield StartFault(message=f'unknown "{name}" variable', origin=item.origin, directive=item.name)
                return


def _is_row(parents: Iterable[Directive]) -> bool:
    """Whether what stands in these blocks is a row of a table rather than a directive."""
    return any(parent.name in DATA_BLOCKS for parent in parents)


def _defines(item: Directive) -> Iterator[str]:
    yield from (name.lower() for text in item.values for name in _CAPTURE.findall(text))
    at = _DEFINED_BY.get(item.name)
    if at is not None and item.args and -len(item.args) <= at < len(item.args):
        yield item.args[at].removeprefix("$").lower()


def _reads(item: Directive) -> Iterator[str]:
    if item.name == "if":
        texts: Iterable[str] = (item.args[0].lstrip("("),) if item.args else ()
    elif item.name == "map" and item.children is not None:
        rows = (row for row in item.children if row.name not in _MAP_WORDS)
        texts = (*item.args[:1], *(row.args[0] for row in rows if row.args))
    else:
        places = known.places(item.name, len(item.args)) if item.children is None else ()
        texts = tuple(item.args[at] for at in places)
    for text in texts:
        for braced, plain in _READ.findall(text):
            name = (braced or plain).lower()
            if not name[0].isdigit():
                yield name
