"""The status a request gets once TLS is done: rewriting, who may enter, error pages; a backend is taken to answer 200."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from handclasp.model.nginx import EffectiveConfig, Location, TlsServer
from handclasp.model.nginx_steps import Access, Addresses, ErrorPage, Return
from handclasp.nginxconf.select import captures, located
from handclasp.verdict.rewriting import Choices, Missed, Traveller, set_out
from handclasp.verdict.variables import expand

PASSED = 200
_OF_CERTIFICATES = frozenset({495, 496, 497})
"""Codes of nginx's own, which leave it as 400."""

_PAGED_FROM = 400
"""From this status on a `return` without a text may be shown as an error page."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The codes that a page at another address may have: any other becomes 302 (ngx_http_send_error_page)."""

_UNAUTHORIZED = 401
_MAY_BE_MENDED = frozenset({403, _UNAUTHORIZED})
"""What `satisfy any` takes back when the next one lets in; with 401 among them the answer is 401."""

_ADDRESS = "allow, deny"
_PASSWORD = "auth_basic"  # noqa: S105 - the name of a directive

_CYCLES = 10
"""So often nginx seeks a location anew for one request, then it answers 500."""

_A_FILE = re.compile(r"\$|\.\w+$|/$")
"""What try_files names by a variable, with a suffix or as a folder may be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where a request ends: its status, and the location that gives the answer (None: the server itself).

    `entered` is the location that its own URI led to, through `rewrite`s too. `paged`: an error page stands in the place of the
    answer. `bare`: nginx refuses with words of its own. `certain` and `missed` are those of the way (`Traveller`).
    """

    status: int
    location: Location | None = None
    entered: Location | None = None
    paged: bool = False
    bare: bool = False
    certain: bool = True
    missed: tuple[Missed, ...] = ()


def status_of(config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str]) -> int:
    """What the server answers to a request that was let in, as far as the configuration itself decides it."""
    return outcome_of(config, server, uri, known).status


def outcome_of(
    config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str], choices: Choices | None = None
) -> Outcome:
    """The same, and by which way; `choices` are what nobody can know."""
    return _outcome(server, set_out(config, server, uri, known, choices=choices), paged=True)


def error_outcome(
    config: EffectiveConfig,
    server: TlsServer,
    code: int,
    known: dict[str, str],
    uri: str = "/",
    choices: Choices | None = None,
) -> Outcome:
    """Who answers nginx's 495, 496 or 497: the status is 400, unless an error_page puts another in its place."""
    return _shown(server, set_out(config, server, uri, known, choices=choices), server.error_pages, code)


def _outcome(server: TlsServer, way: Traveller, *, paged: bool) -> Outcome:
    ended = way.through(server)
    location = None
    if ended is None:
        location, ended = _located(server, way)
    return _answered(server, location, way, ended or _entry(server, location, way), paged=paged)


def _located(server: TlsServer, way: Traveller) -> tuple[Location | None, Return | None]:
    """The location that a URI leads to in the end, and its answer if it gives one by itself."""
    location = None
    for _ in range(_CYCLES + 1):
        location = located(server, way.uri)
        if _is_folder(server, location, way.uri):
            return location, Return(status=301)
        if location is None:
            return None, None
        if location.modifier in {"~", "~*"}:
            way.known |= captures(location.path, way.uri, ignore_case=location.modifier == "~*") or {}
        if location.internal and not way.inward:
            return location, Return(status=404)
        ended = way.through(location)
        if ended is not None or not way.moved:
            return location, ended
    return location, Return(status=500)


def _is_folder(server: TlsServer, chosen: Location | None, path: str) -> bool:
    """Whether nginx adds a slash to a path: without it there is no location, with it one that passes requests on."""
    if chosen is not None and (chosen.modifier == "=" or chosen.path == path):
        return False
    return any(one.proxied and one.path == f"{path}/" and one.modifier in {"", "^~"} for one in server.locations)


def _answered(server: TlsServer, location: Location | None, way: Traveller, ended: Return | None, *, paged: bool) -> Outcome:
    """What comes after rewriting: the answer, its error page, or the content."""
    if ended is None and way.sent <= _CYCLES:
        return _content(server, location, way, paged=paged)
    ended = ended or Return(status=500)
    if ended.text or ended.status < _PAGED_FROM:
        return _made(way, ended.status, location)
    return _shown(server, way, (location or server).error_pages if paged else (), ended.status, location)


def _content(server: TlsServer, location: Location | None, way: Traveller, *, paged: bool) -> Outcome:
    """A file, an upstream; or where try_files leads when its files are not there."""
    # What has the location's place, an `if` that was true or a limit_except, has no try_files of it.
    tried = location.try_files if location and not way.branched else ()
    if not tried or any(_A_FILE.search(name) or way.choices.take(f"try_files {name}", usual=False) for name in tried[:-1]):
        return _made(way, PASSED, location)
    last = tried[-1]
    if last.startswith("="):
        return _answered(server, location, way, Return(status=int(last[1:]) if last[1:].isdigit() else 404), paged=paged)
    if last.startswith("@"):
        found = _named(server, last)
        if found is None:
            return _made(way, 500, location)
        way.inward, way.sent = True, way.sent + 1
        ended = way.through(found)
        return _answered(server, found, way, ended or _entry(server, found, way), paged=paged)
    target = expand(last, way.known, way.config)
    if target is None or located(server, target.partition("?")[0]) is location:
        return _made(way, PASSED, location)  # the file is there, or it would never end
    way.to(target)
    return _outcome(server, way, paged=paged)


def _entry(server: TlsServer, location: Location | None, way: Traveller) -> Return | None:
    """The refusal of those who decide after rewriting; None when they let in. Who has a password is not asked here.

    A request that nginx makes of itself (ngx_http_core_access_phase) is let in by all of them.
    """
    if way.within:
        return None
    limit = way.limited(location)
    access = limit.access if limit else (location or server).access
    refusal = None
    for said in _each(server, access, way):
        if said is None and access.any_of:
            return None
        if said is not None and (not access.any_of or said.status not in _MAY_BE_MENDED):
            return said
        if said is not None and (refusal is None or said.status == _UNAUTHORIZED):
            refusal = said
    return refusal


def _each(server: TlsServer, access: Access, way: Traveller) -> Iterator[Return | None]:
    """What each of them says. Where the address or a password decides, one of many that must agree is taken to let in."""
    usual = not access.any_of
    if access.addresses is Addresses.SOME:
        yield None if way.choices.take(_ADDRESS, usual=usual) else Return(status=403)
    elif access.addresses is not Addresses.UNSAID:
        yield Return(status=403) if access.denied else None
    if access.realm is not None:
        yield None if way.choices.take(_PASSWORD, usual=usual) else Return(status=_UNAUTHORIZED)
    if access.asks is not None:
        yield _asked(server, access.asks, way)


def _asked(server: TlsServer, asks: str, way: Traveller) -> Return | None:
    """What auth_request says: the answer of another location of this server, unless that asks somebody else."""
    target = expand(asks, way.known, way.config)
    there = set_out(way.config, server, target, way.known, choices=way.choices) if target is not None else None
    if there is not None:
        there.inward = there.within = True
    found = _outcome(server, there, paged=True) if there else None
    if found is None or not found.certain or (found.location is not None and found.location.proxied):
        way.certain = False
        return None if way.choices.take(f"auth_request {asks}", usual=True) else Return(status=_UNAUTHORIZED)
    if found.status < 300:
        return None
    return Return(status=found.status if found.status in _MAY_BE_MENDED else 500)


def _shown(
    server: TlsServer, way: Traveller, pages: Iterable[ErrorPage], code: int, location: Location | None = None
) -> Outcome:
    """An error page in the place of a code; there is no second page in the place of that one."""
    own = 400 if code in _OF_CERTIFICATES else code
    page = next((item for item in pages if code in item.codes), None)
    if page is None:
        return replace(_made(way, own, location), bare=True)
    if page.target.startswith(("http://", "https://", "$scheme")):
        return _made(way, page.response if page.response in _REDIRECTS else 302, location)
    found = _page(server, way, page)
    kept = own if page.response is None else page.response
    # What is refused again on the way to its page has the code of that refusal, and one who is sent on is sent on.
    status = found.status if found.bare or found.status in _REDIRECTS or not kept else kept
    return replace(found, status=400 if status in _OF_CERTIFICATES else status, entered=location, paged=True)


def _page(server: TlsServer, way: Traveller, page: ErrorPage) -> Outcome:
    way.inward = True
    if page.target.startswith("@"):
        found = _named(server, page.target)
        ended = way.through(found) if found else None
        return _answered(server, found, way, ended, paged=False)
    if way.known["request_method"] != "HEAD":
        way.known["request_method"] = "GET"
    way.to(expand(page.target, way.known, way.config) or "/")
    return _outcome(server, way, paged=False)


def _named(server: TlsServer, name: str) -> Location | None:
    return next((item for item in server.locations if item.modifier == "@" and item.path == name), None)


def _made(way: Traveller, status: int, location: Location | None) -> Outcome:
    return Outcome(status=status, location=location, entered=location, certain=way.certain, missed=tuple(way.missed))
