"""OCSP over HTTP (RFC 6960 appendix A, RFC 5019 section 5 and 6): GET with base64 in the path, POST with DER in the body."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from time import perf_counter

from handclasp.app.answer_ocsp import ERRORS, OcspDesk
from handclasp.model.errors import WorldError
from handclasp.model.ocsp import OcspAnswer, OcspError
from handclasp.pki.ocsp_request import MAX_BYTES, request_in_path
from handclasp.ports.clock import Clock
from handclasp.server.direct import KnownAnswer
from handclasp.server.http import (
    Answer,
    ClientGoneError,
    Receive,
    Scope,
    Send,
    TooLargeError,
    body_of,
    has_already,
    header,
    plain,
    respond,
)
from handclasp.server.metrics import Metrics

PATH = "/ocsp"
MAX_AGE = 60
"""Seconds that a cache between may keep an answer to a GET: so long may a revocation stay unseen behind it."""

_TYPE = (b"content-type", b"application/ocsp-response")
_NO_STORE = (b"cache-control", b"no-store")
_UNKEPT = (_TYPE, _NO_STORE)
_LONGEST_KEPT_PATH = 512

Headers = tuple[tuple[bytes, bytes], ...]


class OcspRoute:
    """Serves PATH and everything below it.

    Args:
        desk: answers.
        clock: for cache headers.
        metrics: counts answers and the time they take.
        max_age: see MAX_AGE.
    """

    def __init__(self, desk: OcspDesk, clock: Clock, metrics: Metrics, *, max_age: int = MAX_AGE) -> None:
        self._desk = desk
        self._clock = clock
        self._metrics = metrics
        self._max_age = max_age
        self._turn: datetime | None = None

    def known(self, method: bytes, path: bytes, body: bytes, now: datetime) -> KnownAnswer | None:
        """As direct.Knows; the octets that `__call__` gives."""
        start = perf_counter()
        try:
            request = _request_in(path) if method == b"GET" else body
            answer = self._desk.kept(request, now)
            kept = answer is not None
            if answer is None:
                answer = self._desk.from_memory(request, now)
        except ValueError:
            return None
        if answer is None or answer.error is not None:
            return None
        self._metrics.ocsp(answer, perf_counter() - start, kept=kept)
        cacheable = method == b"GET" and not answer.fresh
        lines = _lines(self._headers(answer, now) if cacheable else _UNKEPT, len(answer.der))
        return KnownAnswer(lines, b"\r\n" + answer.der)

    def look(self) -> datetime | None:
        """As direct.Knows."""
        try:
            return self._desk.look()
        except WorldError:
            return None

    def look_of_the_turn(self) -> datetime | None:
        """As direct.Knows."""
        if self._turn is None:
            self._turn = self.look()
            asyncio.get_running_loop().call_soon(self._turn_over)
        return self._turn

    def _turn_over(self) -> None:
        self._turn = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        method = scope["method"]
        if method == "GET":
            raw: bytes = scope["raw_path"]
            answer = await self._look(lambda: _request_in(raw))
            await respond(send, self._cacheable(answer, header(scope, b"if-none-match")))
        elif method == "POST":
            await self._post(scope, receive, send)
        else:
            await respond(send, plain(405, "OCSP takes GET and POST\n", (b"allow", b"GET, POST")))

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = (header(scope, b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind != b"application/ocsp-request":
            await respond(send, plain(415, "send application/ocsp-request\n"))
            return
        try:
            body = await body_of(receive, MAX_BYTES)
        except TooLargeError:
            answer, close = ERRORS[OcspError.MALFORMED_REQUEST], ((b"connection", b"close"),)
            self._metrics.ocsp(answer, 0.0, kept=False)
            await respond(send, Answer(status=200, headers=(_TYPE, _NO_STORE, *close), body=answer.der))
            return
        except ClientGoneError:
            await respond(send, plain(408, "the request came too slowly\n", (b"connection", b"close")))
            return
        answer = await self._look(lambda: body)
        await respond(send, Answer(status=200, headers=_UNKEPT, body=answer.der))

    async def _look(self, read: Callable[[], bytes]) -> OcspAnswer:
        """A known answer at once; a new one in a thread, because it asks the registry and signs."""
        start = perf_counter()
        kept = True
        try:
            data = read()
            now = self._desk.look()
            answer = self._desk.kept(data, now)
            if answer is None:
                kept = False
                answer = self._desk.from_memory(data, now)
            if answer is None:
                answer = await asyncio.to_thread(self._desk.answer, data)
        except ValueError:
            answer = ERRORS[OcspError.MALFORMED_REQUEST]
        except WorldError:
            answer = ERRORS[OcspError.TRY_LATER]
        self._metrics.ocsp(answer, perf_counter() - start, kept=kept)
        return answer

    def _cacheable(self, answer: OcspAnswer, known: bytes | None) -> Answer:
        if answer.error is not None or answer.fresh:
            return Answer(status=200, headers=_UNKEPT, body=answer.der)
        headers = self._headers(answer, self._clock.now())
        if has_already(known, headers[-1][1]):
            return Answer(status=304, headers=headers[1:])
        return Answer(status=200, headers=headers, body=answer.der)

    def _headers(self, answer: OcspAnswer, now: datetime) -> Headers:
        """RFC 5019 6.2: until nextUpdate at most, and no longer than a revocation may stay unseen. Errors are not kept."""
        if answer.this_update is None or answer.next_update is None:
            return _UNKEPT
        left = int((answer.next_update - now).total_seconds())
        return _cache_headers(answer.der, answer.this_update, answer.next_update, max(0, min(self._max_age, left)))


@lru_cache(maxsize=4096)
def _cache_headers(der: bytes, this_update: datetime, next_update: datetime, age: int) -> Headers:
    """The entity tag comes last."""
    return (
        _TYPE,
        (b"cache-control", f"max-age={age}, public, no-transform, must-revalidate".encode()),
        (b"last-modified", format_datetime(this_update, usegmt=True).encode()),
        (b"expires", format_datetime(next_update, usegmt=True).encode()),
        (b"etag", b'"' + hashlib.sha256(der).hexdigest()[:32].encode() + b'"'),
    )


@lru_cache(maxsize=4096)
def _lines(headers: Headers, length: int) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in (*headers, (b"content-length", str(length).encode())))


def _request_in(path: bytes) -> bytes:
    """The DER in the path of a GET, without its query; ValueError when it is none."""
    text = path.partition(b"?")[0][len(PATH) + 1 :]
    return _decoded(text) if len(text) <= _LONGEST_KEPT_PATH else request_in_path(text)


@lru_cache(maxsize=4096)
def _decoded(text: bytes) -> bytes:
    return request_in_path(text)
