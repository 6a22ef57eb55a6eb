"""The status a request gets once TLS is done: `if`, `return`, error pages; a backend is taken to answer 200."""

from handclasp.model.nginx import EffectiveConfig, Guard, Return, TlsServer
from handclasp.nginxconf.select import select_location
from handclasp.verdict.variables import holds

PASSED = 200


def status_of(config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str]) -> int:
    """What the server answers to a request that was let in, as far as the configuration itself decides it."""
    early = _rewritten(server.guards, server.returns, known, config)
    if early is not None:
        return early
    location = select_location(server, uri)
    if location is None:
        return PASSED
    inner = _rewritten(location.guards, location.returns, known, config)
    if inner is not None:
        return inner
    return 403 if location.denied else PASSED


def error_status(config: EffectiveConfig, server: TlsServer, code: int, known: dict[str, str]) -> int:
    """The status of nginx's 495, 496 or 497: 400, unless an error_page puts another in its place."""
    page = next((item for item in server.error_pages if code in item.codes), None)
    if page is None or page.response is None:
        return 302 if page and page.target.startswith(("http://", "https://", "$scheme")) else 400
    if page.response:
        return page.response
    if page.target.startswith("@"):
        named = next((item for item in server.locations if item.modifier == "@" and item.path == page.target), None)
        return named.returns.status if named and named.returns else PASSED
    return status_of(config, server, page.target, known)


def _rewritten(guards: tuple[Guard, ...], returns: Return | None, known: dict[str, str], config: EffectiveConfig) -> int | None:
    # `if` and `return` run in file order; a block's own return ends everything after it.
    ordered: list[Guard | Return] = sorted(
        (*guards, *((returns,) if returns else ())),
        key=lambda item: (item.origin.line, item.origin.column) if item.origin else (0, 0),
    )
    for item in ordered:
        if isinstance(item, Return):
            return item.status
        if item.status is not None and holds(item, known, config):
            return item.status
    return None
