"""The plain door: who is answered on the spot, who is handed to uvicorn, and who is let go."""

import asyncio
import base64
import contextlib
import re
import resource
import socket
import urllib.parse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography.x509 import ocsp
from uvicorn.server import ServerState

from handclasp.app.answer_ocsp import OcspDesk
from handclasp.app.ocsp_responders import responders
from handclasp.server import door
from handclasp.server.direct import Guest, Short
from handclasp.server.heads import LONGEST_HEAD, MAX_BODY, MOST_HEADS, Heads
from handclasp.server.metrics import Metrics
from handclasp.server.ocsp import OcspRoute
from tests.ca_rig import Ca
from tests.serve.serve_rig import Served, curl, status
from tests.serve.test_serve import certificate, load, request_for
from tests.waiting import eventually

KIND = b"Content-Type: application/ocsp-request\r\n"


def question(ca: Ca, name: str = "alice") -> bytes:
    return request_for(ca, load(certificate(ca, name)).serial_number)


def posted(data: bytes, *, version: bytes = b"1.0", more: bytes = b"") -> bytes:
    head = b"POST /ocsp HTTP/" + version + b"\r\nHost: a\r\n" + KIND + more
    return head + b"Content-Length: " + str(len(data)).encode() + b"\r\n\r\n" + data


def got(data: bytes, *, version: bytes = b"1.0", more: bytes = b"") -> bytes:
    path = urllib.parse.quote(base64.b64encode(data).decode(), safe="").encode()
    return b"GET /ocsp/" + path + b" HTTP/" + version + b"\r\nHost: a\r\n" + more + b"\r\n"


class Taken(Guest):
    """In uvicorn's place: says what it was handed."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"handed over: " + self.first + data)
        self.transport.close()


def at_the_door(ca: Ca, visit: Callable[[int, door.Door], Awaitable[None]]) -> None:
    """A door of our own, with the answers of a real CA, for as long as somebody visits it."""

    async def stay() -> None:
        home = ca.world.ca
        desk = OcspDesk(home, responders(home))
        for name in ("alice", "mallory"):
            desk.answer(question(ca, name))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            opened = door.Door(listening, Taken, Short(OcspRoute(desk, home.clock, Metrics())), ServerState())
            try:
                await visit(listening.getsockname()[1], opened)
            finally:
                opened.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(stay())


async def said(port: int, octets: bytes) -> bytes:
    with await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port), 20) as talk:
        talk.sendall(octets)
        return await to_the_end(talk)


async def to_the_end(talk: socket.socket) -> bytes:
    return await asyncio.to_thread(lambda: b"".join(iter(lambda: talk.recv(65536), b"")))


def test_who_asks_and_hangs_up_is_answered_on_the_spot(shared: Ca) -> None:
    async def visit(port: int, __: door.Door) -> None:
        for name, word in (("alice", "GOOD"), ("mallory", "REVOKED")):
            data = question(shared, name)
            close = b"Connection: close\r\n"
            for octets in (
                posted(data),
                got(data),
                posted(data, version=b"1.1", more=close),
                got(data, version=b"1.1", more=close),
            ):
                for _ in range(2):
                    head, _, body = (await said(port, octets)).partition(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                    assert b"connection: close" in head
                    assert ocsp.load_der_ocsp_response(body).certificate_status.name == word

    at_the_door(shared, visit)


def test_everything_else_is_handed_over_as_it_came(shared: Ca) -> None:
    data = question(shared)
    unknown = request_for(shared, 99)
    close = b"Connection: close\r\n"
    strange = [
        posted(data, version=b"1.1"),
        got(data, version=b"1.1"),
        posted(unknown),
        posted(data, more=b"Expect: 100-continue\r\n"),
        posted(data, more=b"Transfer-Encoding: chunked\r\n"),
        got(data, more=b'If-None-Match: "a"\r\n'),
        got(data, more=b"Content-Length: 0\r\n"),
        posted(data, more=b"Content-Length: 3\r\n"),
        posted(data).replace(b"ocsp-request", b"json"),
        posted(data) + posted(data),
        got(data, version=b"1.1", more=close) * 2,
        got(data).replace(b"GET", b"HEAD"),
        got(data).replace(b"/ocsp/", b"/ocsp/%zz"),
        posted(data)[:-1],
        posted(data)[:40],
        b"GET /health HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\r\n" + posted(data),
        b"G",
    ]

    async def visit(port: int, __: door.Door) -> None:
        for octets in strange:
            assert await said(port, octets) == b"handed over: " + octets

    at_the_door(shared, visit)


def test_who_says_nothing_is_let_go_and_those_after_them_served(shared: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(door, "MOST_WAITING", 3)

    async def visit(port: int, opened: door.Door) -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                silent = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            assert b"200 OK" in await said(port, posted(question(shared)))
            assert await to_the_end(silent) == b""
            monkeypatch.setattr(door, "HEAD_SECONDS", 600)
            before = set(opened._waiting)
            late = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            await asyncio.to_thread(eventually, lambda: set(opened._waiting) - before)  # the kernel keeps it for a second
            opened.close()
            assert await to_the_end(late) == b""

    at_the_door(shared, visit)


def test_clients_that_are_gone_cost_nothing(shared: Ca) -> None:
    async def visit(port: int, __: door.Door) -> None:
        for octets in (b"", posted(question(shared)), b"GET /"):
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", port)) as rude:
                    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closing is a reset
                    rude.sendall(octets)
        assert b"200 OK" in await said(port, posted(question(shared)))

    at_the_door(shared, visit)


def test_who_speaks_in_pieces_and_then_listens_is_answered(shared: Ca, served: Served) -> None:
    """Half a connection is one: what was asked whole before its end is answered."""
    for octets in (
        posted(question(shared)),
        posted(question(shared), version=b"1.1"),
        b"GET /crl/none HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        for cut in (1, 30, len(octets) - 1, len(octets)):
            with socket.create_connection(("127.0.0.1", served.port), 20) as talk:
                talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                talk.sendall(octets[:cut])
                talk.sendall(octets[cut:])
                talk.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: talk.recv(65536), b""))
            assert re.match(rb"HTTP/1.1 (200|404) ", answer), (octets, cut, answer)
    for octets in (posted(question(shared))[:-1], b"GET /health HTTP/1.1\r\nHost: a\r\n", b"\r\n"):
        with socket.create_connection(("127.0.0.1", served.port), 20) as talk:
            talk.sendall(octets)
            talk.shutdown(socket.SHUT_WR)
            assert not re.match(rb"HTTP/1.1 200 ", talk.recv(65536)), octets


def test_heads_are_read_whole_and_bounded(shared: Ca) -> None:
    heads, data = Heads(), question(shared)
    for version, stays in ((b"1.0", False), (b"1.1", True)):
        for _ in range(2):
            found = heads.read(posted(data, version=version))
            assert found is not None
            assert (found[0].method, found[0].path, found[0].stays, found[1]) == (b"POST", b"/ocsp", stays, data)
    for length in range(1, len(posted(data))):
        assert heads.read(posted(data)[:length]) is None
    assert heads.read(posted(b"a" * MAX_BODY)) is not None
    assert heads.read(posted(b"a" * (MAX_BODY + 1))) is None
    assert heads.read(posted(data, more=b"X: " + b"a" * LONGEST_HEAD + b"\r\n")) is None
    for number in range(MOST_HEADS + 10):
        assert heads.read(got(data, more=b"X: %d\r\n" % number)) is not None
    assert heads.read(posted(data)) is not None


def test_a_server_that_has_no_descriptors_left_serves_again_when_it_has(shared: Ca, served: Served, tmp_path: Path) -> None:
    open_now = len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))
    before = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (open_now + 5, before[1]))
    held = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(20)]
    for one in held:
        one.sendall(b"GET /health HTTP/1.1\r\n")
    for one in held:
        one.close()
    assert status(f"{served.url}/health") == 200
    resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, before)
    file = tmp_path / "question.der"
    file.write_bytes(question(shared))
    said_now = curl("-0", "-H", KIND.decode().strip(), "--data-binary", f"@{file}", f"{served.url}/ocsp")
    assert ocsp.load_der_ocsp_response(said_now).certificate_status.name == "GOOD"
