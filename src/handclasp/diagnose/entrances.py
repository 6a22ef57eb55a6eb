"""Where a visitor without a certificate comes in: addresses worth trying of a server, and which check was not made there."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import Place, ends_here, mentions_client, places, roots
from handclasp.model.nginx import EffectiveConfig, Location, TlsServer, VerifyClient
from handclasp.model.nginx_steps import Addresses, Assignment, Guard, LimitExcept, Rewrite, Step
from handclasp.nginxconf.example_uri import example_uri, spelled
from handclasp.nginxconf.select import Socket, by_name, select_location
from handclasp.verdict.answer import Outcome, outcome_of
from handclasp.verdict.scene import plain_name
from handclasp.verdict.variables import holds, variables

_PATHS = frozenset({"uri", "request_uri", "document_uri"})
_AUTHORITY = re.compile(r"(?:\w+://)?[^/]+")
_REFUSES = 400
_METHODS = ("POST", "PUT", "DELETE", "GET")
_SAID = ("http_", "cookie_", "arg_")
_SELF_MADE = {
    "ssl_client_verify": "FAILED:self-signed certificate", "ssl_client_s_dn": "CN=x", "ssl_client_i_dn": "CN=x",
    "ssl_client_serial": "01", "ssl_client_fingerprint": "0" * 40, "ssl_client_cert": "x", "ssl_client_escaped_cert": "x",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """A check that a request for `uri` does not meet.

    `guarded` is where it stands (None: in the server). `step` ended that block before it, or excepts a path as it was sent,
    which is another when it is served (`as_sent`); None: `answers`, another location, is chosen for addresses that are
    `guarded`'s by their beginning, or `limit` has the place of `guarded` for `method`.
    """

    guard: Guard
    guarded: Location | None
    uri: str
    answers: Location | None
    step: Step | None = None
    as_sent: bool = False
    method: str = "GET"
    limit: LimitExcept | None = None


def open_places(case: Case, socket: Socket, server: TlsServer) -> list[Place]:
    """Addresses of an `optional` server that a visitor without a good certificate is served, where no check is passed by."""
    config = case.stage.config
    if shut(socket, server):
        return []
    found: dict[int, Place] = {}
    for known in visitors(config, server):
        for place in places(server):
            outcome = outcome_of(config, server, place.uri, known)
            if reaches(server, outcome) and not _missed(config, server, outcome):
                at = outcome.location if outcome.paged else outcome.entered
                found.setdefault(id(at), Place(place.uri, at))
    return list(found.values())


def visitors(config: EffectiveConfig, server: TlsServer) -> list[dict[str, str]]:
    """What is known of those who have no good certificate and say nothing of themselves: no certificate, or one self-made."""
    silent = dict.fromkeys(sayable(config, server), "")
    kinds = [silent | _nobody(server)]
    if server.verify_client.value is VerifyClient.OPTIONAL_NO_CA:
        kinds.append(silent | _nobody(server) | _SELF_MADE)
    return kinds


def sayable(config: EffectiveConfig, server: TlsServer) -> list[str]:
    """The variables behind the checks of a server that whoever sends a request chooses: headers, cookies, arguments."""
    texts = chain.from_iterable(_texts(block.steps) for block in (server, *server.locations))
    names = set().union(*(roots(config, text) for text in dict.fromkeys(texts)))
    return sorted(name for name in names if name.startswith(_SAID) and name != "http_host")


def _texts(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, Guard):
            yield f"${step.variable} {step.operand}"
            yield from _texts(step.inside)
        elif isinstance(step, Assignment):
            yield step.value


def shut(socket: Socket, server: TlsServer) -> bool:
    """Whether handshakes for a server are rejected, so that no request comes to it."""
    return by_name(socket, plain_name(server) or None).reject_handshake.value


def meant_open(case: Case, server: TlsServer, found: list[Place]) -> list[Place]:
    """Those of the open places that a server seems to leave open on purpose: it checks others, and nothing above these."""
    config, known = case.stage.config, _nobody(server)
    checked = [one for one in server.locations if any(refuses(guard, known, config) for guard in one.guards)]
    prefixes = [one.path for one in checked if one.modifier in {"", "^~"}]
    return [place for place in found if checked and not any(place.uri.startswith(prefix) for prefix in prefixes)]


def bypasses(case: Case, socket: Socket, server: TlsServer) -> list[Bypass]:
    """The checks of a server that some requests do not meet, each once."""
    if shut(socket, server) or not any(block.guards for block in (server, *server.locations)):
        return []
    config, known = case.stage.config, _nobody(server)
    found = [
        *_ended_before(config, server, known),
        *_answered_beside(config, server, known),
        *_sent_otherwise(config, server, known),
        *_limited(config, server, known),
    ]
    told: dict[tuple[object, ...], Bypass] = {}
    for one in found:
        told.setdefault((id(one.guard), id(one.step or one.limit or one.answers)), one)
    return list(told.values())


def shares_content(server: TlsServer, location: Location | None) -> bool:
    """Whether a location passes requests to where others of the server do, too: it is no place of error pages alone."""
    if location is None or location.target.value is None:
        return False
    mine = _AUTHORITY.match(location.target.value)
    return any(
        other is not location
        and other.module == location.module
        and mine is not None
        and (theirs := _AUTHORITY.match(other.target.value or "")) is not None
        and theirs[0].lower() == mine[0].lower()
        for other in server.locations
    )


def _ended_before(config: EffectiveConfig, server: TlsServer, known: dict[str, str]) -> Iterator[Bypass]:
    for place in (*places(server), *_asked(server)):
        outcome = outcome_of(config, server, place.uri, known)
        if reaches(server, outcome):
            for guard, step in _missed(config, server, outcome):
                inside = next((one for one in server.locations if guard in one.steps), None)
                yield Bypass(guard=guard, guarded=inside, uri=place.uri, answers=outcome.location, step=step)


def _answered_beside(config: EffectiveConfig, server: TlsServer, known: dict[str, str]) -> Iterator[Bypass]:
    """Regular expressions come before prefixes: one for a suffix takes what a prefix checks."""
    for guarded in server.locations:
        guard = next((one for one in guarded.guards if refuses(one, known, config)), None)
        if guard is None or guarded.modifier or guarded.parents or len(guarded.path) < 2:
            continue
        for other in server.locations:
            tail = example_uri(other) if other.modifier in {"~", "~*"} and not other.parents else None
            uri = f"{guarded.path.rstrip('/')}{tail}" if tail else ""
            if not uri or select_location(server, uri) is not other:
                continue
            if reaches(server, outcome_of(config, server, uri, known)):
                yield Bypass(guard=guard, guarded=guarded, uri=uri, answers=other)


def _sent_otherwise(config: EffectiveConfig, server: TlsServer, known: dict[str, str]) -> Iterator[Bypass]:
    """An exception for $request_uri is made for /open/../closed, too, which is served like /closed."""
    for step in server.steps:
        if not isinstance(step, Guard) or step.variable != "request_uri" or step.operator not in {"~", "~*"}:
            continue
        begins = (spelled(step.operand.strip("\"'")) or "").rstrip("/")
        for place in places(server) if begins.startswith("/") else ():
            plain = outcome_of(config, server, place.uri, known)
            uri = begins + "/.." * begins.count("/") + place.uri
            if plain.status >= _REFUSES and reaches(server, outcome_of(config, server, uri, known)):
                guard = next((one for one in server.guards if one is not step and one.status is not None), step)
                yield Bypass(guard=guard, guarded=None, uri=uri, answers=place.location, step=step, as_sent=True)
                break


def _limited(config: EffectiveConfig, server: TlsServer, known: dict[str, str]) -> Iterator[Bypass]:
    """A limit_except has no `if` of its location: for other methods than it names they are not asked."""
    for location in server.locations:
        guard = next((one for one in location.guards if refuses(one, known, config)), None)
        limit = location.limit
        if guard is None or limit is None or limit.access.realm or limit.access.addresses is Addresses.SOME:
            continue
        method = next((one for one in _METHODS if limit.takes(one)), None)
        uri = example_uri(location)
        if method is None or uri is None or select_location(server, uri) is not location:
            continue
        if reaches(server, outcome_of(config, server, uri, known | {"request_method": method})):
            yield Bypass(guard=guard, guarded=location, uri=uri, answers=location, method=method, limit=limit)


def _nobody(server: TlsServer) -> dict[str, str]:
    return variables(None, "NONE", host=plain_name(server), sni=plain_name(server))


def reaches(server: TlsServer, outcome: Outcome) -> bool:
    """Whether something worth protecting comes back, and nothing that cannot be known here may have kept it."""
    asked = (outcome.location or server).access
    if not outcome.certain or (asked.realm is not None and not asked.any_of):
        return False
    if outcome.paged and not outcome.bare and shares_content(server, outcome.location):
        return True
    # An answer written down there says nothing to anybody, and neither does its page.
    said = (outcome.entered or server).returns
    return outcome.status < 300 and not ends_here(said)


def _missed(config: EffectiveConfig, server: TlsServer, outcome: Outcome) -> list[tuple[Guard, Step]]:
    """The checks that would have refused a visitor without a certificate. A `break` in an `if` is an exception, and meant."""
    known = _nobody(server)
    return [
        (one.guard, one.step)
        for one in outcome.missed
        if refuses(one.guard, known, config) and (isinstance(one.step, Rewrite) or _rewrites(one.step))
    ]


def _rewrites(step: Step) -> bool:
    return isinstance(step, Guard) and any(isinstance(one, Rewrite) and one.pattern is not None for one in step.inside)


def refuses(guard: Guard, known: dict[str, str], config: EffectiveConfig) -> bool:
    """Whether a check is about the client, and refuses a visitor of whom this is known."""
    about = mentions_client(config, f"${guard.variable} {guard.condition}")
    return about and guard.status is not None and guard.status >= _REFUSES and holds(guard, known, config) is True


def _asked(server: TlsServer) -> Iterator[Place]:
    """Addresses that the server's own `rewrite`s and `if`s are about."""
    for uri in dict.fromkeys(_patterns(server.steps)):
        if uri is not None and uri.startswith("/"):
            yield Place(uri, select_location(server, uri))


def _patterns(steps: Iterable[Step]) -> Iterator[str | None]:
    for step in steps:
        if isinstance(step, Rewrite) and step.pattern is not None:
            yield spelled(step.pattern)
        elif isinstance(step, Guard):
            if step.variable in _PATHS and not step.operator.startswith("!"):
                yield spelled(step.operand.strip("\"'")) if "~" in step.operator else step.operand.strip("\"'")
            yield from _patterns(step.inside)
