"""What a browser or a monitoring system may read: CRLs, CA certificates, the page with fingerprints, health, metrics."""

import asyncio
import ipaddress
import json
from datetime import datetime, timedelta
from email.utils import format_datetime

from handclasp.app.answer_ocsp import OcspDesk
from handclasp.app.distribution import PublicFile, public_authorities, public_files
from handclasp.app.home import Home
from handclasp.app.readiness import Figures, figures, unready
from handclasp.model.errors import HandclaspError
from handclasp.present.public_page import public_page
from handclasp.server.http import Answer, Receive, Scope, Send, has_already, header, plain, respond
from handclasp.server.metrics import Metrics

_MAX_AGE = 60
_COUNT_AGAIN = timedelta(minutes=5)
_PAGE_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"accept-language"),
    (b"cache-control", b"no-cache"),
)


class PublicRoutes:
    """Serves `/`, `/ca/*`, `/crl/*`, `/health`, `/ready` and, to this machine alone, `/metrics`. GET and HEAD.

    Files are read from the registry when its version changed, so a new CRL shows at once.
    """

    def __init__(self, home: Home, desk: OcspDesk, metrics: Metrics) -> None:
        self._home = home
        self._desk = desk
        self._metrics = metrics
        self._version: int | None = None
        self._files: dict[str, PublicFile] = {}
        self._counted: tuple[int, datetime, Figures] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer, and give the status code."""
        head = scope["method"] == "HEAD"
        if not head and scope["method"] != "GET":
            answer = plain(405, "read only\n", (b"allow", b"GET, HEAD"))
        else:
            try:
                answer = await self._answer(scope)
            except HandclaspError:
                answer = plain(503, "the registry cannot be read\n", (b"retry-after", b"5"))
        await respond(send, answer, head=head)
        return answer.status

    async def _answer(self, scope: Scope) -> Answer:
        path: str = scope["path"]
        if path == "/health":
            return plain(200, "alive\n")
        if path == "/ready":
            return _ready(await asyncio.to_thread(unready, self._home, self._desk.responders))
        if path == "/metrics":
            return await self._measured(scope)
        if path == "/":
            return await self._page(scope)
        found = (await asyncio.to_thread(self._read)).get(path[1:])
        return _file(found, header(scope, b"if-none-match")) if found else plain(404, "there is nothing here\n")

    async def _measured(self, scope: Scope) -> Answer:
        if not _from_here(scope):
            return plain(404, "there is nothing here\n")
        now = self._home.clock.now()
        counted = await asyncio.to_thread(self._count, now)
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        return Answer(
            status=200, headers=(kind, (b"cache-control", b"no-store")), body=self._metrics.text(counted, now).encode()
        )

    def _count(self, now: datetime) -> Figures:
        """Counting reads the whole register: once for each state of it, and at least every few minutes."""
        version = self._home.store.version()
        kept = self._counted
        if kept is None or kept[0] != version or now - kept[1] > _COUNT_AGAIN:
            kept = self._counted = (version, now, figures(self._home, self._desk.responders))
        return kept[2]

    async def _page(self, scope: Scope) -> Answer:
        lang = "zh" if (header(scope, b"accept-language") or b"").lower().startswith(b"zh") else "en"
        authorities = await asyncio.to_thread(public_authorities, self._home)
        return Answer(status=200, headers=_PAGE_HEADERS, body=public_page(authorities, lang).encode())

    def _read(self) -> dict[str, PublicFile]:
        version = self._home.store.version()
        if version != self._version:
            self._files = {file.path: file for file in public_files(self._home)}
            self._version = version
        return self._files


def _ready(faults: tuple[str, ...]) -> Answer:
    body = json.dumps({"ready": not faults, "reasons": list(faults)}).encode() + b"\n"
    headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
    return Answer(status=503 if faults else 200, headers=headers, body=body)


def _file(file: PublicFile, known: bytes | None) -> Answer:
    """Only the entity tag decides whether a client has it: two CRLs may have the same thisUpdate."""
    etag = file.etag.encode()
    headers = (
        (b"content-type", file.content_type.encode()),
        (b"etag", etag),
        (b"last-modified", format_datetime(file.modified, usegmt=True).encode()),
        (b"cache-control", f"max-age={_MAX_AGE}, public, no-transform, must-revalidate".encode()),
        (b"x-content-type-options", b"nosniff"),
    )
    if has_already(known, etag):
        return Answer(status=304, headers=headers[1:])
    return Answer(status=200, headers=headers, body=file.content)


def _from_here(scope: Scope) -> bool:
    """Asked from this machine, and not passed on by a proxy."""
    if header(scope, b"x-forwarded-for") is not None or header(scope, b"forwarded") is not None:
        return False
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
