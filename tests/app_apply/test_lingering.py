"""Connections that were open when a client was revoked: told, bounded, ended on demand, and refused when they come again."""

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from handclasp.nginxconf.durations import seconds_of
from tests.app_apply.bench import Bench
from tests.nginx_rig import SERVER, Rig

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@contextmanager
def echo() -> Iterator[int]:
    """An upstream that upgrades every connection to a WebSocket and then sends back what comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve(held: socket.socket) -> None:
            with held, suppress(ConnectionError):
                while b"\r\n\r\n" not in (said := held.recv(65536)) and said:
                    pass
                held.sendall(SWITCHED if b"websocket" in said else b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                while said := held.recv(65536):
                    held.sendall(said)

        def accept() -> None:
            while True:
                try:
                    held, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(held,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]


@contextmanager
def websocket(bench: Bench, name: str) -> Iterator[ssl.SSLSocket]:
    """An upgraded connection of that client."""
    context = ssl.create_default_context(cafile=str(bench.ca.home / "ca" / "bundle.pem"))
    context.load_cert_chain(bench.ca.identity(name, "chain.pem"), bench.ca.identity(name, "key.pem"))
    with (
        socket.create_connection(("127.0.0.1", bench.port), timeout=120) as plain,
        context.wrap_socket(plain, server_hostname="app.test") as held,
    ):
        held.sendall(
            f"GET / HTTP/1.1\r\nHost: app.test:{bench.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode()
        )
        assert b" 101 " in held.recv(65536)
        yield held


def answers(held: ssl.SSLSocket) -> bool:
    held.sendall(b"ping")
    return held.recv(16) == b"ping"


def gone(held: ssl.SSLSocket) -> bool:
    """Whether the other side has ended the connection; waits for it."""
    try:
        return held.recv(16) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def sockets(bench: Bench, tmp_path: Path) -> Iterator[Bench]:
    """A site with WebSocket."""
    with echo() as port:
        intent = tmp_path / "handclasp.toml"
        intent.write_text(
            f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{bench.port}"]\n'
            f'upstream = {{ url = "http://127.0.0.1:{port}", websocket = true }}\n'
        )
        bench.ca.run("nginx", "apply", "--file", str(intent))
        yield bench


def test_an_open_websocket_of_a_revoked_client_is_told_and_cut(sockets: Bench) -> None:
    bench = sockets
    with websocket(bench, "alice") as held:
        assert answers(held)
        said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
        assert said["proven"] is True
        old = said["nginx"][0]["lingering"]
        assert (old["connections"], len(old["workers"]), old["worker_shutdown_timeout_seconds"]) == (1, 1, 60.0)
        assert old["until"]
        assert answers(held), "a reload alone does not end it: that is why it is told"
        status = bench.ca.run("nginx", "status").stdout
        assert "1 connection from before the reload goes on in old workers" in status
        assert "worker_shutdown_timeout" in status
        assert "旧的工作进程" in bench.ca.run("nginx", "status", "--lang", "zh").stdout
        assert bench.ca.json("nginx", "cut")["ended"]["connections"] == 1
        assert gone(held)
    assert bench.ca.json("nginx", "status")["lingering"]["connections"] == 0
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    assert "No old worker" in bench.ca.run("nginx", "cut").stdout


def test_a_connection_that_is_idle_ends_with_the_reload(bench: Bench) -> None:
    bench.apply()
    context = ssl.create_default_context(cafile=str(bench.ca.home / "ca" / "bundle.pem"))
    context.load_cert_chain(bench.ca.identity("alice", "chain.pem"), bench.ca.identity("alice", "key.pem"))
    with (
        socket.create_connection(("127.0.0.1", bench.port), timeout=120) as plain,
        context.wrap_socket(plain, server_hostname="app.test") as held,
    ):
        held.sendall(f"GET / HTTP/1.1\r\nHost: app.test:{bench.port}\r\n\r\n".encode())
        assert b" 200 " in held.recv(65536)
        said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
        assert said["nginx"][0]["lingering"]["connections"] == 0
        while not gone(held):
            """The rest of the answer."""


def test_http2_streams_end_too(sockets: Bench) -> None:
    """curl over HTTP/2 holds a request open; nginx has it finished by the old worker, and cut ends it."""
    bench = sockets
    with echo_slow() as (port, asked, finish):
        bench.ca.run("nginx", "apply", *bench.site, "--upstream", f"http://127.0.0.1:{port}")
        folder = bench.ca.identity("alice")
        argv = ["curl", "-sS", "--http2", "--cacert", str(bench.ca.home / "ca/bundle.pem")]
        argv += ["--cert", str(folder / "chain.pem"), "--key", str(folder / "key.pem")]
        argv += ["--resolve", f"app.test:{bench.port}:127.0.0.1", f"https://app.test:{bench.port}/slow"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as open_now:
            assert asked.wait(120)
            said = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
            assert said["nginx"][0]["lingering"]["connections"] == 1
            bench.ca.run("nginx", "cut")
            open_now.communicate(timeout=120)
            assert open_now.returncode != 0
        finish.set()
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


@contextmanager
def echo_slow() -> Iterator[tuple[int, threading.Event, threading.Event]]:
    """An upstream that answers /slow only when told to, and everything else at once."""
    asked, finish = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve(held: socket.socket) -> None:
            with held, suppress(ConnectionError):
                if b"/slow" in held.recv(65536):
                    asked.set()
                    finish.wait(300)
                held.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        def accept() -> None:
            while True:
                try:
                    held, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(held,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1], asked, finish


@pytest.mark.parametrize("bounded", [True, False])
def test_an_nginx_of_somebody_else(nginx_rig: Rig, bench: Bench, tmp_path: Path, bounded: bool) -> None:
    """With worker_shutdown_timeout nginx itself ends the connection; without, it is said that nothing does."""
    (Path(nginx_rig.prefix) / "conf.d").mkdir()
    nginx_rig.http(f"include conf.d/*.conf;\n{SERVER.format(port=nginx_rig.port, name='other.test', tls='', word='other')}")
    if bounded:
        main = Path(nginx_rig.config)
        main.write_text("worker_shutdown_timeout 2s;\n" + main.read_text())
    nginx_rig.start()
    with echo() as port:
        intent = tmp_path / "handclasp.toml"
        intent.write_text(
            f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{bench.port}"]\n'
            f'upstream = {{ url = "http://127.0.0.1:{port}", websocket = true }}\n'
        )
        bench.ca.run("nginx", "apply", "--file", str(intent), "--config-dir", nginx_rig.prefix)
        with websocket(bench, "alice") as held:
            told = bench.ca.run("revoke", "alice").stdout
            if bounded:
                assert gone(held)
            else:
                assert "nothing but their clients ends them: write worker_shutdown_timeout 1m;" in told
                assert answers(held)
        assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")


def test_times_of_nginx() -> None:
    assert [seconds_of(text) for text in ("1m", "1h 30m", "500ms", "10", "2d", "soon", "")] == [
        60,
        5400,
        0.5,
        10,
        172800,
        None,
        None,
    ]
