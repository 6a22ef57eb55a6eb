"""ports.FleetDesk over the API: HTTPS with this host's client certificate, on a connection that is kept between questions."""

import contextlib
import http.client
import json
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from handclasp.adapters.fleet_advice import advice, refused
from handclasp.model.errors import PolicyError, UsageError, WorldError
from handclasp.ports.clock import Clock

_SECONDS = 30.0
_MOST = 1 << 28
"""Octets of an answer: CRLs of a million entries fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetClient:
    """The API at `url` (https), for the host `name`. `chain`, `key`, `trusted`: paths of PEM files; `clock`: this host's."""

    url: str
    name: str
    chain: str
    key: str
    trusted: str
    clock: Clock
    _line: "_Line" = field(init=False, default_factory=lambda: _Line(), compare=False, repr=False)  # noqa: PLW0108 - it is below

    def orders(self, tag: str | None) -> tuple[str, bytes | None]:
        """As FleetDesk.orders."""
        asked = f"?tag={quote(tag, safe='')}" if tag else ""
        found = self._ask("GET", f"{self._own}/orders{asked}")
        orders = found.get("orders")
        return str(found["tag"]), None if orders is None else msgspec.json.encode(orders)

    def certify(self, site: str, csr: bytes) -> bytes:
        """As FleetDesk.certify."""
        body = json.dumps({"site": site, "csr": csr.decode()}).encode()
        return str(self._ask("POST", f"{self._own}/certificates", body)["chain"]).encode()

    def canary(self, ca: str, csr: bytes) -> bytes:
        """As FleetDesk.canary."""
        body = json.dumps({"ca": ca, "csr": csr.decode()}).encode()
        return str(self._ask("POST", f"{self._own}/canaries", body)["chain"]).encode()

    def renew(self, csr: bytes) -> bytes:
        """As FleetDesk.renew."""
        body = json.dumps({"csr": csr.decode()}).encode()
        return str(self._ask("POST", f"/identities/{quote(self.name, safe='')}/renew", body)["chain"]).encode()

    def report(self, content: bytes) -> None:
        """As FleetDesk.report."""
        self._ask("POST", f"{self._own}/reports", content)

    def ahead(self) -> timedelta:
        """As FleetDesk.ahead."""
        told = self._line.told
        return told[0] - told[1] if told else timedelta()

    def verifies(self, bundle: bytes) -> bool:
        """As FleetDesk.verifies."""
        parts = urlsplit(self.url)
        try:
            context = ssl.create_default_context(cadata=bundle.decode())
            context.load_cert_chain(self.chain, self.key)
            line = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=_SECONDS, context=context)
            with contextlib.closing(line):
                line.connect()
        except OSError:  # ssl.SSLError is one
            return False
        return True

    @property
    def _own(self) -> str:
        return f"/hosts/{quote(self.name, safe='')}"

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname:
            raise UsageError(f"{self.url!r} is no address of an API", hint="write https://ca.example.test:8556")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        asked = f"{parts.path.rstrip('/')}/api/v1{path}"
        try:
            status, content, date = self._line.ask(
                parts.hostname, parts.port or 443, self._identity, method, asked, body, headers
            )
            self._line.told = (self.clock.now(), date) if date else None
            return self._read(status, content)
        except (OSError, http.client.HTTPException) as error:
            self._line.hang_up()
            hint = advice(str(error)) or "is handclasp serve running there?"
            raise WorldError(f"the CA cannot be asked: {error}", where=self.url, hint=hint) from error

    def close(self) -> None:
        """Let the connection go; another question opens one."""
        self._line.hang_up()

    def _identity(self) -> tuple[tuple[object, ...], Callable[[], ssl.SSLContext]]:
        """What tells these files from what was in them before, and what reads them."""
        return tuple(_look(path) for path in (self.chain, self.key, self.trusted)), self._context

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.trusted)
            context.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as error:
            files = f"{self.trusted}, {self.chain}, {self.key}"
            raise WorldError(f"certificate, key or CA cannot be used: {error}", where=files, hint=advice(str(error))) from error
        return context

    def _read(self, status: int, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except ValueError as error:
            raise WorldError(f"what answered ({status}) is no API of Handclasp", where=self.url) from error
        if status >= 500:
            raise WorldError(f"the CA failed: {_said(found)}", where=self.url)
        if status >= 400:
            raise PolicyError(f"the CA refuses: {_said(found)}", where=self.url, hint=refused(status))
        return dict(found)


class _Line:
    """The connection of one host to its CA, for as long as its files are as they were when it was opened.

    A GET on a connection that the CA has closed meanwhile is asked again on a new one; whatever changes something gets a new
    connection anyway, so that nobody wonders whether it arrived.
    """

    def __init__(self) -> None:
        # When an answer came, and what time it said it was.
        self.told: tuple[datetime, datetime] | None = None
        self._open: tuple[object, http.client.HTTPSConnection] | None = None

    def ask(
        self, host: str, port: int, identity: "_Identity", method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, datetime | None]:
        mark, context = identity()
        kept = self._open[1] if self._open is not None and self._open[0] == mark else None
        if kept is not None and method == "GET":
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self._exchange(kept, method, path, body, headers)
        self.hang_up()
        made = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=context())
        self._open = (mark, made)
        return self._exchange(made, method, path, body, headers)

    def hang_up(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    @staticmethod
    def _exchange(
        connection: http.client.HTTPSConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, datetime | None]:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        try:
            date = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:  # who answers says no time
            date = None
        return answer.status, answer.read(_MOST), date if date is not None and date.tzinfo else None


_Identity = Callable[[], tuple[tuple[object, ...], Callable[[], ssl.SSLContext]]]


def _look(path: str) -> tuple[object, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return (path,)
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def _said(problem: Any) -> str:
    fields = problem if isinstance(problem, dict) else {}
    return str(fields.get("detail") or fields.get("title") or "no reason given")[:300]
