"""Runs the application on uvicorn: sockets, signals, and the upkeep that goes on beside the answers."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import uvicorn
import uvloop

from handclasp.app.answer_ocsp import VALIDITY, OcspDesk
from handclasp.app.desk import MOST
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import responders
from handclasp.model.errors import HandclaspError, WorldError
from handclasp.server.application import Application, AsgiApp
from handclasp.server.direct import Guest, Short, direct_protocol
from handclasp.server.door import Door
from handclasp.server.metrics import Metrics
from handclasp.server.ocsp import MAX_AGE, OcspRoute
from handclasp.server.public import PublicRoutes
from handclasp.server.refusals import tell_refusals
from handclasp.server.sockets import BACKLOG, proxy_socket, tcp_socket

log = logging.getLogger("handclasp.serve")

_GRACE = 10  # seconds that requests in hand may take when the server stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Where the API listens by itself: certificate chain, key and trusted CAs are PEM files."""

    listen: tuple[str, int]
    chain: str
    key: str
    trusted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What `serve` may be told. `prepare`: sign answers ahead; `upkeep`: seconds between looks at responders and answers.

    `socket`: a Unix socket on which a proxy passes on the client's certificate; `group` may open it too.
    """

    listen: tuple[str, int]
    validity: timedelta = VALIDITY
    max_age: int = MAX_AGE
    prepare: bool = True
    upkeep: float = 60.0
    tls: Tls | None = None
    socket: str | None = None
    group: str | None = None


class _Server(uvicorn.Server):
    """Says when it takes connections; and has no signal handling of its own, which would die by the signal after a stop.

    `plain`: what a plain TCP socket needs, whose connections come in by our own door; None: uvicorn takes them itself.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], *, plain: Short | None = None) -> None:
        super().__init__(config)
        self._announce = started
        self._plain = plain
        self._doors: list[Door] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, then say so."""
        if self._plain is None:
            await super().startup(sockets=sockets)
        else:
            await super().startup(sockets=[])
            self._doors = [Door(one, self._protocol, self._plain, self.server_state) for one in sockets or ()]
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does; no more connections come meanwhile."""
        for door in self._doors:
            door.close()
        await super().shutdown(sockets=sockets)

    def _protocol(self) -> Guest:
        state = self.lifespan.state
        made: Guest = self.config.http_protocol_class(  # type: ignore[call-arg, assignment]
            config=self.config, server_state=self.server_state, app_state=state
        )
        return made

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


MakeApi = Callable[[Callable[[str], None]], AsgiApp]
"""Makes the API (see application.Application), which says why it refused somebody."""


def run(home: Home, service: Service, started: Callable[[tuple[str, ...]], None], *, api: MakeApi | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand. SIGHUP: read TLS certificate and trusted CAs again.

    Args:
        home: the CA.
        service: where and how.
        started: called once connections are taken: with the URL of the public part, then that of the API, if it has one.
        api: makes what serves the API.

    Raises:
        WorldError: an address cannot be listened on, or the keys cannot be unlocked.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(tcp_socket(service.listen))]
        if service.tls is not None:
            sockets.append(stack.enter_context(tcp_socket(service.tls.listen)))
        behind = stack.enter_context(proxy_socket(service.socket, service.group)) if service.socket else None
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runner.run(_serve(home, service, sockets, behind, started, api))


async def _serve(
    home: Home,
    service: Service,
    sockets: list[socket.socket],
    behind: socket.socket | None,
    started: Callable[[tuple[str, ...]], None],
    api: MakeApi | None,
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(MOST, "job"))
    metrics = Metrics()
    desk = OcspDesk(home, responders(home), validity=service.validity)
    ocsp = OcspRoute(desk, home.clock, metrics, max_age=service.max_age)
    public = PublicRoutes(home, desk, metrics)
    application = Application(ocsp, public, metrics, api=api(partial(metrics.refused, "api")) if api else None)
    short = Short(ocsp)
    configs = [_config(Application(ocsp, public, metrics), short)]
    configs += [_tls_config(application, short, service.tls, partial(metrics.refused, "tls"))] if service.tls else []
    pairs = list(zip(configs, sockets, strict=True)) + ([(_config(application, short), behind)] if behind else [])
    urls = tuple(_url(one, tls=index == 1) for index, one in enumerate(sockets))
    up = Counter[str]()

    def announce() -> None:
        up["servers"] += 1
        if up["servers"] == len(pairs):
            started(urls)

    servers = [(_Server(config, announce, plain=None if index else short), one) for index, (config, one) in enumerate(pairs)]
    _heed_signals([server for server, _ in servers], configs, service)
    upkeep = asyncio.create_task(_keep_up(home, desk, service))
    try:
        await asyncio.gather(*(server.serve(sockets=[one]) for server, one in servers))
    finally:
        upkeep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await upkeep


def _heed_signals(servers: list["_Server"], configs: list[uvicorn.Config], service: Service) -> None:
    def stop() -> None:
        for server in servers:
            server.should_exit = True

    def reload() -> None:
        tls = service.tls
        for config in configs if tls else ():
            if config.ssl is not None and tls is not None:
                try:
                    for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), config.ssl):  # a failure leaves half of it behind
                        context.load_cert_chain(tls.chain, tls.key)
                        context.load_verify_locations(tls.trusted)
                    log.info("TLS certificate and trusted CAs read again")
                except (OSError, ssl.SSLError) as error:
                    log.warning("the TLS certificate stays as it was: %s", error)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)


def _config(application: AsgiApp, short: Short, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=direct_protocol(short),
        loop="none",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        backlog=BACKLOG,
        limit_concurrency=4 * BACKLOG,
        **more,
    )


def _tls_config(application: AsgiApp, short: Short, tls: Tls, refused: Callable[[str], None]) -> uvicorn.Config:
    """Clients may show a certificate: OCSP and CRLs are for those too that have none. `refused`: see refusals."""
    config = _config(
        application,
        short,
        ssl_certfile=tls.chain,
        ssl_keyfile=tls.key,
        ssl_ca_certs=tls.trusted,
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise WorldError(
            f"the TLS identity cannot be used: {error}",
            where=tls.chain,
            hint="handclasp issue api.example.test --profile server, then serve --identity api.example.test",
        ) from error
    if config.ssl is not None:
        tell_refusals(config.ssl, refused)
    return config


def _url(listening: socket.socket, *, tls: bool) -> str:
    host, port = listening.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


async def _keep_up(home: Home, desk: OcspDesk, service: Service) -> None:
    """Renew responders and sign ahead, for ever. Whatever fails is logged and tried again: responders would expire unseen."""
    while True:
        try:
            await asyncio.to_thread(_renew, home, desk)
            if service.prepare:
                await asyncio.to_thread(_prepare, desk)
        except Exception as error:
            log.warning("upkeep failed: %s", error, exc_info=not isinstance(error, HandclaspError))
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
