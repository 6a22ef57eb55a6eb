"""ports.FleetDesk over the API: HTTPS with this host's client certificate, read from its files at each request."""

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from handclasp.model.errors import PolicyError, UsageError, WorldError

_SECONDS = 30.0
_MOST = 1 << 28
"""Octets of an answer: CRLs of a million entries fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetClient:
    """The API at `url` (https), for the host `name`. `chain`, `key` and `trusted` are paths of PEM files."""

    url: str
    name: str
    chain: str
    key: str
    trusted: str

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

    def renew(self, csr: bytes) -> bytes:
        """As FleetDesk.renew."""
        body = json.dumps({"csr": csr.decode()}).encode()
        return str(self._ask("POST", f"/identities/{quote(self.name, safe='')}/renew", body)["chain"]).encode()

    def report(self, content: bytes) -> None:
        """As FleetDesk.report."""
        self._ask("POST", f"{self._own}/reports", content)

    @property
    def _own(self) -> str:
        return f"/hosts/{quote(self.name, safe='')}"

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname:
            raise UsageError(f"{self.url!r} is no address of an API", hint="write https://ca.example.test:8556")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection = http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=_SECONDS, context=self._context())
        try:
            connection.request(method, f"{parts.path.rstrip('/')}/api/v1{path}", body, headers)
            answer = connection.getresponse()
            content = answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            raise WorldError(
                f"the CA cannot be asked: {error}", where=self.url, hint="is handclasp serve running there?"
            ) from error
        finally:
            connection.close()
        return self._read(answer.status, content)

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.trusted)
            context.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as error:
            files = f"{self.trusted}, {self.chain}, {self.key}"
            raise WorldError(f"certificate, key or CA cannot be used: {error}", where=files) from error
        return context

    def _read(self, status: int, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except ValueError as error:
            raise WorldError(f"what answered ({status}) is no API of Handclasp", where=self.url) from error
        if status >= 500:
            raise WorldError(f"the CA failed: {_said(found)}", where=self.url)
        if status >= 400:
            raise PolicyError(f"the CA refuses: {_said(found)}", where=self.url)
        return dict(found)


def _said(problem: Any) -> str:
    fields = problem if isinstance(problem, dict) else {}
    return str(fields.get("detail") or fields.get("title") or "no reason given")[:300]
