"""Locations: what each passes on, where to, with which headers, and what guards it."""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from handclasp.model.nginx import (
    Assignment,
    ErrorPage,
    Guard,
    Location,
    NginxVersion,
    ProxyHeader,
    Return,
    Setting,
    UpstreamBlock,
)
from handclasp.nginxconf.effective_upstream import tls_upstream
from handclasp.nginxconf.scope import Scope, number
from handclasp.nginxconf.tree import Directive

MODULES = ("proxy", "grpc", "uwsgi", "fastcgi", "scgi", "memcached")
_HEADERS = {
    "proxy": "proxy_set_header",
    "grpc": "grpc_set_header",
    "uwsgi": "uwsgi_param",
    "fastcgi": "fastcgi_param",
    "scgi": "scgi_param",
}
_CONDITION = re.compile(r"\$\{?(\w+)\}?\s*(?:(!?~\*?|!?=)\s*(.*))?", re.DOTALL)
_FILE_TEST = re.compile(r"(!?-[fdex])\s+(.*)", re.DOTALL)
_SCRIPT = re.compile(r"_by_(?:lua|njs)(?:_|$)|^js_(?:content|access|set|preread|filter)$|^perl(?:_set)?$")


def locations(scope: Scope, version: NginxVersion, blocks: Mapping[str, UpstreamBlock]) -> tuple[Location, ...]:
    """Every location of a server, nested ones after the one around them."""
    return tuple(_locations(scope, (), version, blocks))


def _locations(
    scope: Scope, parents: tuple[str, ...], version: NginxVersion, blocks: Mapping[str, UpstreamBlock]
) -> Iterator[Location]:
    for block in scope.mine("location"):
        inner = scope.inner(block)
        modifier, path = location_name(block.args)
        yield _location(block, inner, (modifier, path, parents), version, blocks)
        around = (*parents, path)
        for inside in (*inner.mine("if"), *inner.mine("limit_except")):
            branch = inner.inner(inside)
            if _pass(branch):
                text = _condition(inside.args) if inside.name == "if" else " ".join(inside.args)
                yield _location(inside, branch, (inside.name, text, around), version, blocks)
        yield from _locations(inner, around, version, blocks)


def _location(
    block: Directive,
    scope: Scope,
    name: tuple[str, str, tuple[str, ...]],
    version: NginxVersion,
    blocks: Mapping[str, UpstreamBlock],
) -> Location:
    modifier, path, parents = name
    passed = _pass(scope)
    module, target = passed or (None, Setting(None))
    return Location(
        modifier=modifier,
        path=path,
        parents=parents,
        upstream=tls_upstream(scope, module, target, version, blocks) if module else None,
        proxied=module is not None,
        headers=_headers(scope, module),
        origin=block.origin,
        module=module,
        target=target,
        guards=guards(scope),
        sets=assignments(scope),
        returns=returned(scope),
        error_pages=error_pages(scope),
        internal=scope.has("internal") or modifier == "@",
        denied=_denied(scope),
        scripted=scripted(scope),
    )


def location_name(args: tuple[str, ...]) -> tuple[str, str]:
    r"""Modifier and path; the two may be glued together (`location ~\.php$`, `location =/x`), as nginx allows."""
    if len(args) > 1:
        return args[0], args[1]
    text = args[0] if args else ""
    for modifier in ("=", "^~", "~*", "~"):
        if text.startswith(modifier):
            return modifier, text[len(modifier) :]
    return ("@", text) if text.startswith("@") else ("", text)


def _pass(scope: Scope) -> tuple[str, Setting[str | None]] | None:
    """The *_pass of this very block: none is ever inherited (by a nested location)."""
    for module in MODULES:
        found = scope.mine(f"{module}_pass")
        if found:
            return module, Setting("".join(found[0].args[:1]), found[0].origin)
    return None


def _headers(scope: Scope, module: str | None) -> Setting[tuple[ProxyHeader, ...]]:
    name = _HEADERS.get(module or "")
    return scope.listed(name, _header) if name else Setting(())


def _header(item: Directive) -> ProxyHeader:
    name, value = (*item.args, "", "")[:2]
    return ProxyHeader(name=name, value=value, origin=item.origin)


def guards(scope: Scope) -> tuple[Guard, ...]:
    """The `if` blocks of this very block, in order."""
    return tuple(_guard(item) for item in scope.mine("if"))


def assignments(scope: Scope) -> tuple[Assignment, ...]:
    """The `set`s of this very block and of the `if`s in it, in order."""
    found: list[tuple[Directive, Guard | None]] = [(item, None) for item in scope.mine("set")]
    found += [(item, _guard(block)) for block in scope.mine("if") for item in block.block if item.name == "set"]
    made = [
        Assignment(variable=item.args[0].removeprefix("$"), value=item.args[1], guard=guard, origin=item.origin)
        for item, guard in found
        if len(item.args) == 2
    ]
    return tuple(sorted(made, key=lambda one: (one.origin.line, one.origin.column) if one.origin else (0, 0)))


def _guard(block: Directive) -> Guard:
    condition = _condition(block.args)
    inside = next((_return(item) for item in block.block if item.name == "return"), None)
    status, text = (inside.status, inside.text) if inside else (None, "")
    made = partial(Guard, condition=condition, status=status, text=text, origin=block.origin)
    if test := _FILE_TEST.fullmatch(condition):
        return made(variable="", operator=test[1], operand=test[2])
    found = _CONDITION.fullmatch(condition)
    variable, operator, operand = (found[1], found[2] or "", found[3] or "") if found else ("", "", "")
    return made(variable=variable, operator=operator, operand=operand)


def _condition(args: tuple[str, ...]) -> str:
    text = " ".join(args)
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def returned(scope: Scope) -> Return | None:
    """The `return` of this very block."""
    found = scope.mine("return")
    return _return(found[0]) if found else None


def _return(item: Directive) -> Return:
    first, text = (*item.args, "", "")[:2]
    if first.isdigit():
        return Return(status=number(first, 0), text=text, origin=item.origin)
    return Return(status=302, text=first, origin=item.origin)


def error_pages(scope: Scope) -> tuple[ErrorPage, ...]:
    """The error_page lines that hold here."""
    return scope.listed("error_page", _error_page).value


def _error_page(item: Directive) -> ErrorPage:
    *codes, target = item.args or ("",)
    response: int | None = None
    if codes and codes[-1].startswith("="):
        response = number(codes.pop()[1:], 0)
    numbers = tuple(number(code, 0) for code in codes)
    return ErrorPage(codes=numbers, target=target, response=response, origin=item.origin)


def _denied(scope: Scope) -> bool:
    """`deny all` with no `allow` before it; the two form one list and are inherited together."""
    at: Scope | None = scope
    while at is not None and not at.has("allow", "deny"):
        at = at.outer
    return at is not None and not at.has("allow") and any(item.args == ("all",) for item in at.mine("deny"))


def scripted(scope: Scope) -> bool:
    """Whether code that cannot be read here has a say in this very block."""
    return any(_SCRIPT.search(name) for name in scope.own)
