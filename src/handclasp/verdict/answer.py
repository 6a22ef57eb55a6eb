"""The status a request gets once TLS is done: rewriting, who may enter, error pages; a backend is taken to answer 200."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from handclasp.model.nginx import EffectiveConfig, Location, TlsServer
from handclasp.model.nginx_steps import Access, ErrorPage, Return
from handclasp.nginxconf.select import captures, select_location
from handclasp.verdict.rewriting import Missed, Traveller, set_out
from handclasp.verdict.variables import expand

PASSED = 200
_OF_CERTIFICATES = frozenset({495, 496, 497})
"""Codes of nginx's own, which leave it as 400."""

_PAGED_FROM = 400
"""From this status on a `return` without a text may be shown as an error page."""

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


def outcome_of(config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str]) -> Outcome:
    """The same, and by which way."""
    return _outcome(server, set_out(config, server, uri, known), paged=True)


def error_status(config: EffectiveConfig, server: TlsServer, code: int, known: dict[str, str], uri: str = "/") -> int:
    """The status of nginx's 495, 496 or 497: 400, unless an error_page puts another in its place."""
    return error_outcome(config, server, code, known, uri).status


def error_outcome(config: EffectiveConfig, server: TlsServer, code: int, known: dict[str, str], uri: str = "/") -> Outcome:
    """The same, and who gives the answer."""
    return _shown(server, set_out(config, server, uri, known), server.error_pages, code)


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
        location = select_location(server, way.uri)
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


def _answered(server: TlsServer, location: Location | None, way: Traveller, ended: Return | None, *, paged: bool) -> Outcome:
    """What comes after rewriting: the answer, its error page, or the content."""
    if ended is None:
        return _content(server, location, way, paged=paged)
    if ended.text or ended.status < _PAGED_FROM:
        return _made(way, ended.status, location)
    return _shown(server, way, (location or server).error_pages if paged else (), ended.status, location)


def _content(server: TlsServer, location: Location | None, way: Traveller, *, paged: bool) -> Outcome:
    """A file, an upstream; or where try_files leads when its files are not there."""
    tried = location.try_files if location else ()
    if not tried or any(_A_FILE.search(name) for name in tried[:-1]):
        return _made(way, PASSED, location)
    last = tried[-1]
    if last.startswith("="):
        return _answered(server, location, way, Return(status=int(last[1:]) if last[1:].isdigit() else 404), paged=paged)
    if last.startswith("@"):
        found = _named(server, last)
        if found is None:
            return _made(way, 500, location)
        way.inward = True
        ended = way.through(found)
        return _answered(server, found, way, ended or _entry(server, found, way), paged=paged)
    target = expand(last, way.known, way.config)
    if target is None or select_location(server, target) is location:
        return _made(way, PASSED, location)  # the file is there, or it would never end
    way.to(target)
    return _outcome(server, way, paged=paged)


def _entry(server: TlsServer, location: Location | None, way: Traveller) -> Return | None:
    """The refusal of those who decide after rewriting; None when they let in. Who has a password is not asked here."""
    access = (location or server).access
    refusals = [Return(status=403) if access.denied else None, _asked(server, access, way)]
    wanted = [one for one, counts in zip(refusals, (access.denied, access.asks), strict=True) if counts]
    if access.any_of and None in wanted:
        return None
    return next((one for one in wanted if one is not None), None)


def _asked(server: TlsServer, access: Access, way: Traveller) -> Return | None:
    """What auth_request says: the answer of another location of this server, unless that asks somebody else."""
    if access.asks is None:
        return None
    target = expand(access.asks, way.known, way.config)
    there = set_out(way.config, server, target, way.known, inward=True) if target is not None else None
    found = _outcome(server, there, paged=False) if there else None
    if found is None or not found.certain or (found.location is not None and found.location.proxied):
        way.certain = False
        return None
    if found.status < 300:
        return None
    return Return(status=found.status if found.status in {401, 403} else 500)


def _shown(
    server: TlsServer, way: Traveller, pages: Iterable[ErrorPage], code: int, location: Location | None = None
) -> Outcome:
    """An error page in the place of a code; there is no second page in the place of that one."""
    own = 400 if code in _OF_CERTIFICATES else code
    page = next((item for item in pages if code in item.codes), None)
    if page is None:
        return replace(_made(way, own, location), bare=True)
    if page.target.startswith(("http://", "https://", "$scheme")):
        return _made(way, 302 if page.response is None else page.response or 302, location)
    found = _page(server, way, page)
    kept = own if page.response is None else page.response
    # What is refused again on the way to its page has the code of that refusal.
    status = found.status if found.bare or not kept else kept
    return replace(found, status=400 if status in _OF_CERTIFICATES else status, entered=location, paged=True)


def _page(server: TlsServer, way: Traveller, page: ErrorPage) -> Outcome:
    way.inward = True
    if page.target.startswith("@"):
        found = _named(server, page.target)
        ended = way.through(found) if found else None
        return _answered(server, found, way, ended, paged=False)
    way.to(expand(page.target, way.known, way.config) or "/")
    return _outcome(server, way, paged=False)


def _named(server: TlsServer, name: str) -> Location | None:
    return next((item for item in server.locations if item.modifier == "@" and item.path == name), None)


def _made(way: Traveller, status: int, location: Location | None) -> Outcome:
    return Outcome(status=status, location=location, entered=location, certain=way.certain, missed=tuple(way.missed))
