"""The status a request gets once TLS is done: `if`, `set`, `return`, error pages; a backend is taken to answer 200."""

from collections.abc import Iterable

from handclasp.model.nginx import Assignment, EffectiveConfig, ErrorPage, Guard, Location, Return, TlsServer
from handclasp.model.origin import Origin
from handclasp.nginxconf.select import select_location
from handclasp.verdict.variables import expand, holds

PASSED = 200
_OF_CERTIFICATES = frozenset({495, 496, 497})
"""Codes of nginx's own, which leave it as 400."""

_PAGED_FROM = 400
"""From this status on a `return` without a text may be shown as an error page."""


def status_of(config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str]) -> int:
    """What the server answers to a request that was let in, as far as the configuration itself decides it."""
    return _status(config, server, uri, known, paged=True)


def _status(config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str], *, paged: bool) -> int:
    now = dict(known)
    location = None
    ended = _rewritten(server, now, config)
    if ended is None:
        location = select_location(server, uri)
        ended = _rewritten(location, now, config) if location else None
    if ended is None:
        ended = Return(status=403) if location and location.denied else Return(status=PASSED)
    if ended.text or ended.status < _PAGED_FROM:
        return ended.status
    pages = (location or server).error_pages if paged else ()
    return _shown(config, server, pages, ended.status, now)


def error_status(config: EffectiveConfig, server: TlsServer, code: int, known: dict[str, str]) -> int:
    """The status of nginx's 495, 496 or 497: 400, unless an error_page puts another in its place."""
    return _shown(config, server, server.error_pages, code, known)


def settled(config: EffectiveConfig, server: TlsServer, location: Location | None, known: dict[str, str]) -> dict[str, str]:
    """The variables of a request, with those that `set` gives it on the way to a location."""
    now = dict(known)
    for block in (server, *((location,) if location else ())):
        for one in block.sets:
            _assign(one, now, config)
    return now


def _shown(config: EffectiveConfig, server: TlsServer, pages: Iterable[ErrorPage], code: int, known: dict[str, str]) -> int:
    """The status of an error page in the place of a code; there is no second page in the place of that one."""
    own = 400 if code in _OF_CERTIFICATES else code
    page = next((item for item in pages if code in item.codes), None)
    if page is None or page.response is None:
        return 302 if page and page.target.startswith(("http://", "https://", "$scheme")) else own
    if page.target.startswith("@"):
        named = next((item for item in server.locations if item.modifier == "@" and item.path == page.target), None)
        ended = _rewritten(named, dict(known), config) if named else None
        return page.response or (ended.status if ended else PASSED)
    again = _rewritten(server, dict(known), config)
    if again and not again.text and again.status >= _PAGED_FROM:
        return 400 if again.status in _OF_CERTIFICATES else again.status  # on the way to the page it ends here again
    return page.response or _status(config, server, page.target, known, paged=False)


def _rewritten(block: TlsServer | Location, known: dict[str, str], config: EffectiveConfig) -> Return | None:
    """What a block answers by itself. `if`, `set` and `return` run in file order; `known` gets what is set."""
    steps: list[Guard | Assignment | Return] = sorted(
        (*block.sets, *block.guards, *((block.returns,) if block.returns else ())), key=lambda step: _place(step.origin)
    )
    for step in steps:
        if isinstance(step, Return):
            return step
        if isinstance(step, Assignment):
            _assign(step, known, config)
        elif step.status is not None and holds(step, known, config):
            return Return(status=step.status, text=step.text, origin=step.origin)
    return None


def _place(origin: Origin | None) -> tuple[int, int]:
    return (origin.line, origin.column) if origin else (0, 0)


def _assign(step: Assignment, known: dict[str, str], config: EffectiveConfig) -> None:
    """A variable that may or may not have been set is not known any more."""
    taken = step.guard is None or holds(step.guard, known, config)
    value = expand(step.value, known, config) if taken else None
    if value is not None:
        known[step.variable] = value
    elif taken is not False:
        known.pop(step.variable, None)
