"""The API as an ASGI application: who asks, which route, what comes out; failures become problem+json."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import parse_qsl, unquote

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.api_access import Caller
from handclasp.app.apply_state import Gear
from handclasp.app.callers import Callers
from handclasp.app.desk import IssueDesk
from handclasp.app.home import Home
from handclasp.app.orders_desk import OrdersDesk
from handclasp.model.errors import Bug, HandclaspError
from handclasp.pki.lenient import NO_X509
from handclasp.server.api.bundle_page import BundlePages
from handclasp.server.api.idempotency import Repeats
from handclasp.server.api.jobs import Call
from handclasp.server.api.openapi import document
from handclasp.server.api.problem import ProblemError, problem
from handclasp.server.api.routes import BASE, ROUTES, Route
from handclasp.server.http import Answer, ClientGoneError, Receive, Scope, Send, TooLargeError, body_of, header, respond

log = logging.getLogger("handclasp.api")

MAX_BODY = 128 * 1024
_PATTERNS = tuple((route, route.pattern) for route in ROUTES)
_MOST_FIELDS = 20
_WHO = "show a client certificate that this CA issued, and that is not revoked"
_JSON = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Match:
    """A route and what its path named."""

    route: Route
    path: dict[str, str]


class Api:
    """Serves BASE.

    Args:
        home: the CA.
        gear: what a revocation needs to have nginx refuse.
        refused: told why somebody was, in words of which there are few.
    """

    def __init__(self, home: Home, gear: Gear, refused: Callable[[str], None]) -> None:
        self._home = home
        self._gear = gear
        self._refused = refused
        self._callers = Callers(home)
        self._orders = OrdersDesk(home)
        self._desk = IssueDesk(home)
        self._repeats = Repeats(home)
        self._bundles = BundlePages(home)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            answer = await self._answer(scope, receive)
        except (ProblemError, HandclaspError) as error:
            answer = self._failed(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not show its inside to a client
            answer = self._failed(Bug(f"{type(error).__name__}: {error}"))
        await respond(send, answer, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["path"].removeprefix(BASE)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]  # its answer goes without the body
        if not scope["path"].startswith(f"{BASE}/"):
            raise ProblemError(404)
        if path.startswith("/bundles/"):
            return await self._bundles.answer(scope, path.removeprefix("/bundles/"))
        certificate = shown_certificate(scope)
        if certificate is None:
            raise ProblemError(401, _WHO)
        if path == "/openapi.json" and method == "GET":
            await asyncio.to_thread(self._caller, certificate)
            return Answer(status=200, headers=(_JSON,), body=_openapi())
        try:
            match = _match(method, path)
            body = await _body(scope, receive) if match.route.takes else b""
            key = _key(scope) if match.route.method == "POST" else None
        except ProblemError:
            await asyncio.to_thread(self._caller, certificate)  # who may not come in is told that and nothing else
            raise
        if key is None:
            return await asyncio.to_thread(lambda: self._serve(scope, match, self._caller(certificate), body))
        caller = await asyncio.to_thread(self._caller, certificate)
        return await self._repeats.once(
            caller.name,
            key.decode("latin-1"),
            path,
            body,
            lambda: asyncio.to_thread(self._settled, scope, match, caller, body),
            secret=match.route.secret,
        )

    def _settled(self, scope: Scope, match: Match, caller: Caller, body: bytes) -> Answer:
        """As `_serve`, with a refusal as an answer too: it is what a repeated request gets."""
        try:
            return self._serve(scope, match, caller, body)
        except (ProblemError, HandclaspError) as error:
            return self._failed(error)

    def _serve(self, scope: Scope, match: Match, caller: Caller, body: bytes) -> Answer:
        """Blocking."""
        call = Call(
            home=self._home,
            gear=self._gear,
            orders=self._orders,
            desk=self._desk,
            caller=caller,
            path=match.path,
            query=_query(scope, match.route),
            body=_decoded(match.route, body),
        )
        made = match.route.job(call)
        if isinstance(made, bytes):
            return Answer(status=200, headers=((b"content-type", b"application/x-pem-file"), _NO_STORE), body=made)
        return Answer(status=match.route.status, headers=(_JSON, _NO_STORE), body=msgspec.json.encode(made))

    def _caller(self, certificate: bytes) -> Caller:
        """Blocking."""
        caller = self._callers.caller(certificate)
        if caller is None:
            raise ProblemError(401, _WHO)
        return caller

    def _failed(self, error: ProblemError | HandclaspError) -> Answer:
        answer = problem(error)
        if answer.status >= 500:
            log.error("%s", error)
        elif answer.status in {401, 403} and isinstance(error, ProblemError):
            self._refused("no certificate that counts" if answer.status == 401 else error.detail)
            log.info("a client was refused by the API: %s", error.detail)
        return answer


def shown_certificate(scope: Scope) -> bytes | None:
    """The client's certificate, DER: of this TLS connection, or in the headers of the proxy on our own Unix socket.

    From everybody else those headers are worth nothing.
    """
    state = scope.get("state") or {}
    if not state.get("proxy"):
        peer: bytes | None = state.get("peer")
        return peer
    if header(scope, b"x-client-verify") != b"SUCCESS":
        return None
    return _unescaped(header(scope, b"x-client-cert") or b"")


@lru_cache(maxsize=1024)
def _unescaped(certificate: bytes) -> bytes | None:
    """The DER of what nginx has in $ssl_client_escaped_cert."""
    try:
        return x509.load_pem_x509_certificate(unquote(certificate.decode("ascii")).encode()).public_bytes(Encoding.DER)
    except NO_X509:
        return None


def _key(scope: Scope) -> bytes | None:
    keys = [value for name, value in scope["headers"] if name == b"idempotency-key"]
    if len(keys) > 1:
        raise ProblemError(400, "a request has one idempotency key")
    return bytes(keys[0]) if keys else None


def _match(method: str, path: str) -> Match:
    allowed: list[str] = []
    for route, pattern in _PATTERNS:
        found = pattern.match(path)
        if found and route.method == method:
            return Match(route, found.groupdict())
        if found:
            allowed += ("GET", "HEAD") if route.method == "GET" else (route.method,)
    if allowed:
        raise ProblemError(405, "", (b"allow", ", ".join(allowed).encode()))
    raise ProblemError(404)


async def _body(scope: Scope, receive: Receive) -> bytes:
    kind = (header(scope, b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise ProblemError(415)
    try:
        return await body_of(receive, MAX_BODY)
    except TooLargeError:
        raise ProblemError(413, "", (b"connection", b"close")) from None
    except ClientGoneError:
        raise ProblemError(408, "", (b"connection", b"close")) from None


def _decoded(route: Route, body: bytes) -> object:
    if route.takes is None:
        return None
    try:
        return msgspec.json.decode(body, type=route.takes)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(400, str(error)[:300]) from error


def _query(scope: Scope, route: Route) -> dict[str, str]:
    try:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise ProblemError(400, f"no route is asked with more than {_MOST_FIELDS} fields") from error
    unknown = [name for name, _ in pairs if name not in route.query]
    if unknown:
        raise ProblemError(400, f"this route is not asked with {unknown[0][:40]!r}")
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ProblemError(400, "a field of the query is given once")
    return fields


@cache
def _openapi() -> bytes:
    return msgspec.json.encode(document())
