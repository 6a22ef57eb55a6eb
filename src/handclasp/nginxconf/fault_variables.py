"""Variables that nobody sets: nginx says so at the end of http{}, and without a place (ngx_http_variables_init_vars)."""

import re
from collections.abc import Iterable, Iterator

from handclasp.catalogue import stock_directives as stock
from handclasp.catalogue import stock_variables as known
from handclasp.model.nginx import StartFault
from handclasp.nginxconf.sandbox_tables import DATA_BLOCKS
from handclasp.nginxconf.tree import Directive, inside, walk

_READ = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_CAPTURE = re.compile(r"\(\?(?:P?<|')(\w+)[>']")
_DEFINED_BY = {"set": 0, "map": 1, "split_clients": 1, "auth_request_set": 0, "geo": -1}
_DOLLAR = re.compile(r"\$(\{?)(\w*)", re.ASCII)
_LATE = frozenset({"proxy_set_header", "grpc_set_header", "fastcgi_param", "uwsgi_param", "scgi_param"})
_PATTERNED = frozenset({"proxy_redirect", "proxy_cookie_domain", "proxy_cookie_path", "proxy_cookie_flags"})
_MORE = {"map": (0,), "geo": (), "split_clients": (0,), "hash": (0,)}
_MAP_WORDS = frozenset({"hostnames", "volatile", "include"})


def unknown_variables(module: Directive) -> Iterator[StartFault]:
    """The first variable in http{} or stream{} that is read and set by nobody; nothing where modules of others may set some."""
    everything = inside(module)
    strange = {name for name in {item.values[0] for item in everything} if stock.of_another_module(name)}
    if strange and any(item.name in strange and not _is_row(parents) for item, parents in walk(module.block)):
        return
    defined = {name for item in everything for name in _defines(item)}
    is_known = known.is_known if module.name == "http" else known.is_known_in_stream
    for item in everything:
        for name in _reads(item):
            if name not in defined and not is_known(name):
                yield StartFault(message=f'unknown "{name}" variable', origin=item.origin, directive=item.name)
                return


def broken_variable(name: str, args: tuple[str, ...]) -> str | None:
    """What nginx says of a dollar sign that begins no variable, where it reads variables."""
    if name in _LATE or "$" not in "".join(args):
        return None
    places = _MORE.get(name) or known.places(name, len(args))
    texts = (args[at] for at in places if at < len(args) and not (name in _PATTERNED and args[at].startswith("~")))
    return next((words for text in texts if (words := _broken(text))), None)


def broken_parameters(http: Directive) -> Iterator[StartFault]:
    """The same of headers and parameters for backends: nginx looks at them when it merges, and names the end of http{}."""
    for item in inside(http):
        if item.values[0] in _LATE and len(item.args) > 1 and (words := _broken(item.args[1])):
            place = f"{http.source.file}:{http.source.line(http.close)}"
            yield StartFault(message=f"{words} in {place}", origin=item.origin, directive=item.name)


def _broken(text: str) -> str | None:
    for found in _DOLLAR.finditer(text):
        if found[1] and text[found.end() : found.end() + 1] != "}":
            return f'the closing bracket in "{found[2]}" variable is missing'
        if not found[2]:
            return "invalid variable name"
    return None


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
        word = next((text for text in (one.removeprefix("(") for one in item.args) if text), "")
        if word.startswith("$") and not word[1:2].isdigit():
            yield word[1:].removesuffix(")").lower()  # nginx takes the whole word for the name
        return
    for text in _texts(item):
        for braced, plain in _READ.findall(text):
            name = (braced or plain).lower()
            if not name[0].isdigit():
                yield name


def _texts(item: Directive) -> Iterable[str]:
    """The arguments in which variables are read."""
    name, args = item.values[0], item.args
    if item.children is None:
        if name == "memcached_pass":
            return (*args[:1], "$memcached_key")
        places = (0,) if name == "return" and len(args) == 1 else known.places(name, len(args))
        return tuple(args[at] for at in places)
    if name == "map":
        rows = (row for row in item.children if row.name not in _MAP_WORDS)
        return (*args[:1], *(row.args[0] for row in rows if row.args))
    return {"split_clients": args[:1], "geo": args[:-1]}.get(name, ())
