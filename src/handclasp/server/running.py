"""Runs the application on uvicorn: sockets, signals, and the upkeep that goes on beside the answers."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import uvicorn

from handclasp.app.answer_ocsp import VALIDITY, OcspDesk
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import responders
from handclasp.model.errors import HandclaspError, UsageError, WorldError
from handclasp.server.application import Application, AsgiApp
from handclasp.server.metrics import Metrics
from handclasp.server.ocsp import MAX_AGE, OcspRoute
from handclasp.server.patience import PatientProtocol
from handclasp.server.public import PublicRoutes

log = logging.getLogger("handclasp.serve")

_GRACE = 10  # seconds that requests in hand may take when the server stops
_BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What `serve` may be told. `prepare`: sign answers ahead; `upkeep`: seconds between looks at responders and answers."""

    listen: tuple[str, int]
    validity: timedelta = VALIDITY
    max_age: int = MAX_AGE
    prepare: bool = True
    upkeep: float = 60.0


class _Server(uvicorn.Server):
    """Says when it takes connections; and has no signal handling of its own, which would die by the signal after a stop."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, then say so."""
        await super().startup(sockets=sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(home: Home, service: Service, started: Callable[[str], None], *, api: AsgiApp | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand.

    Args:
        home: the CA.
        service: where and how.
        started: called with the base URL once connections are taken.
        api: see application.Application.

    Raises:
        WorldError: the address cannot be listened on, or the keys cannot be unlocked.
    """
    listening = _listen(service.listen)
    try:
        asyncio.run(_serve(home, service, listening, started, api))
    finally:
        listening.close()


def address(text: str) -> tuple[str, int]:
    """HOST:PORT as typed; IPv6 in brackets. UsageError when it is none."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{text!r} is no address to listen on", hint="write --listen 127.0.0.1:8555, or [::1]:8555")
    return host, int(port)


async def _serve(
    home: Home, service: Service, listening: socket.socket, started: Callable[[str], None], api: AsgiApp | None
) -> None:
    metrics = Metrics()
    desk = OcspDesk(home, responders(home), validity=service.validity)
    ocsp = OcspRoute(desk, home.clock, metrics, max_age=service.max_age)
    application = Application(ocsp, PublicRoutes(home, desk, metrics), metrics, api=api)
    server = _Server(_config(application), lambda: started(_url(listening)))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)  # noqa: FBT003 - the value to set
    upkeep = asyncio.create_task(_keep_up(home, desk, service))
    try:
        await server.serve(sockets=[listening])
    finally:
        upkeep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await upkeep


def _config(application: AsgiApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=PatientProtocol,
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        backlog=_BACKLOG,
        limit_concurrency=4 * _BACKLOG,
    )


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _keep_up(home: Home, desk: OcspDesk, service: Service) -> None:
    """Renew responders and sign ahead, for ever; a failure is logged and tried again."""
    while True:
        try:
            await asyncio.to_thread(_renew, home, desk)
            if service.prepare:
                await asyncio.to_thread(_prepare, desk)
        except HandclaspError as error:
            log.warning("upkeep failed: %s", error)
        await asyncio.sleep(service.upkeep)


def _renew(home: Home, desk: OcspDesk) -> None:
    found = responders(home)
    if [_identity(one.signer) for one in found] != [_identity(one.signer) for one in desk.responders]:
        desk.replace(found)
        log.info("OCSP responders renewed")


def _identity(signer: object) -> object:
    return getattr(signer, "certificate", None)


def _prepare(desk: OcspDesk) -> None:
    for _ in desk.prepare():
        time.sleep(0.0005)  # answers to clients go first


def _listen(where: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise WorldError(
            f"cannot listen there: {error.strerror or error}",
            where=f"{where[0]}:{where[1]}",
            hint="choose another with --listen, or port 0 for a free one",
        ) from error
    return listening
