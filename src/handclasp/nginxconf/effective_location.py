"""Locations: what each passes on, where to, with which headers, and what guards it."""

from collections.abc import Iterator, Mapping

from handclasp.model.nginx import Location, NginxVersion, ProxyHeader, Setting, UpstreamBlock
from handclasp.nginxconf.effective_steps import access, condition_of, error_pages, limit_except, scripted, steps
from handclasp.nginxconf.effective_upstream import tls_upstream
from handclasp.nginxconf.scope import Scope
from handclasp.nginxconf.tree import Directive

MODULES = ("proxy", "grpc", "uwsgi", "fastcgi", "scgi", "memcached")
_HEADERS = {
    "proxy": "proxy_set_header",
    "grpc": "grpc_set_header",
    "uwsgi": "uwsgi_param",
    "fastcgi": "fastcgi_param",
    "scgi": "scgi_param",
}


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
                text = condition_of(inside.args) if inside.name == "if" else " ".join(inside.args)
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
        steps=steps(scope.directives),
        access=access(scope),
        try_files=scope.mine("try_files")[0].args if scope.has("try_files") else (),
        error_pages=error_pages(scope),
        internal=scope.has("internal") or modifier == "@",
        scripted=scripted(scope),
        limit=limit_except(scope),
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
