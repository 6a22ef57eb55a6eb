"""The ASGI application: which part answers which path."""

from collections.abc import MutableMapping
from time import perf_counter
from typing import Any, Protocol

from handclasp.server.http import Receive, Scope, Send, plain, respond
from handclasp.server.metrics import Metrics
from handclasp.server.ocsp import PATH as OCSP_PATH
from handclasp.server.ocsp import OcspRoute
from handclasp.server.public import PublicRoutes


class AsgiApp(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""


class Application:
    """Everything `handclasp serve` answers.

    Args:
        ocsp: serves /ocsp.
        public: serves the rest.
        metrics: counts answers.
        api: serves /api/, if there is one.
    """

    def __init__(self, ocsp: OcspRoute, public: PublicRoutes, metrics: Metrics, *, api: AsgiApp | None = None) -> None:
        self._ocsp = ocsp
        self._public = public
        self._metrics = metrics
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path == OCSP_PATH or path.startswith(f"{OCSP_PATH}/"):
            await self._ocsp(scope, receive, send)
        elif path.startswith("/api/"):
            await self._serve_api(scope, receive, send)
        else:
            status = await self._public(scope, receive, send)
            self._metrics.request("public", status)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._api is None:
            await respond(send, plain(404, "there is nothing here\n"))
            return

        start = perf_counter()

        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._metrics.request("api", message["status"])
                self._metrics.call(perf_counter() - start)
            await send(message)

        await self._api(scope, receive, counted)
