"""How deep an upstream's chain may be is counted, not guessed: in what it presents, in a file, or in what is trusted."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.app.site import SiteOrder
from handclasp.app.upstream_depth import with_depths
from handclasp.model.intent import DepthFrom, SiteIntent, UpstreamIntent
from handclasp.model.nginx import OpensslSeries
from tests.app_apply.bench import Bench
from tests.nginx_rig import Issued, free_port, make

NOW = datetime.now(UTC)  # noqa: TID251 - certificates of the rig are of today


class Service:
    """A chain of a root, some intermediates and a leaf, and a TLS service that presents it."""

    def __init__(self, folder: Path, between: int) -> None:
        self.folder = folder
        self.root = make("Upstream root", ca=True)
        self.between: list[Issued] = []
        for number in range(between):
            self.between.append(make(f"Upstream CA {number}", (self.between or [self.root])[-1], ca=True))
        leaf = make("up.test", (self.between or [self.root])[-1], server=True)
        self.chain = self.write("chain.pem", leaf, *reversed(self.between))
        self.key = str(folder / "leaf.key")
        Path(self.key).write_bytes(leaf.key_pem)
        self.port = free_port()

    def write(self, name: str, *issued: Issued) -> str:
        path = self.folder / name
        path.write_bytes(b"".join(one.pem for one in issued))
        return str(path)

    @property
    def root_alone(self) -> str:
        return self.write("root.pem", self.root)

    @property
    def all_trusted(self) -> str:
        return self.write("trusted.pem", self.root, *self.between)

    @contextmanager
    def serving(self) -> Iterator[None]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        with socket.create_server(("127.0.0.1", self.port)) as door:

            def serve() -> None:
                while True:
                    try:
                        plain, _ = door.accept()
                    except OSError:
                        return
                    try:
                        with context.wrap_socket(plain, server_side=True) as talk:
                            talk.recv(10_000)
                            talk.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nin\n")
                    except OSError:
                        continue  # whoever only looked at the certificate

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield
            door.shutdown(socket.SHUT_RDWR)
        thread.join()

    def upstream(self, trusted: str, **changes: object) -> UpstreamIntent:
        made = UpstreamIntent(url=f"https://127.0.0.1:{self.port}", trusted_certificate=trusted, name="up.test")
        return replace(made, **changes)  # type: ignore[arg-type]


def counted(
    upstream: UpstreamIntent, *known: UpstreamIntent, series: OpensslSeries = OpensslSeries.V3_0
) -> tuple[int | None, DepthFrom]:
    def order(one: UpstreamIntent) -> SiteOrder:
        return SiteOrder(intent=SiteIntent(server_names=("a.test",), listen=(("*", 443),), upstream=one))

    orders = (order(upstream),)
    (found,) = with_depths(PosixFileTree(), TlsProbe(), NOW, series, orders, tuple(order(one) for one in known))
    assert found.intent.upstream is not None
    return found.intent.upstream.verify_depth, found.intent.upstream.depth_from


@pytest.mark.parametrize("between", [0, 1, 3])
def test_in_the_chain_that_is_presented(tmp_path: Path, between: int) -> None:
    service = Service(tmp_path, between)
    with service.serving():
        assert counted(service.upstream(service.root_alone)) == (between, DepthFrom.PRESENTED)
        assert counted(service.upstream(service.all_trusted)) == (between, DepthFrom.PRESENTED)
    # The root counts too before OpenSSL 1.1.0.
    given = service.upstream(service.root_alone, chain=service.chain)
    assert counted(given, series=OpensslSeries.V1_0_2) == (between + 1, DepthFrom.PRESENTED)
    assert counted(given) == (between, DepthFrom.PRESENTED)


def test_what_a_person_says_stays(tmp_path: Path) -> None:
    service = Service(tmp_path, 3)
    with service.serving():
        assert counted(service.upstream(service.root_alone, verify_depth=1)) == (1, DepthFrom.GIVEN)


def test_an_upstream_that_is_down(tmp_path: Path) -> None:
    """It keeps what was counted when it was up; never seen, it gets what the trust file holds."""
    service = Service(tmp_path, 2)
    alone = service.upstream(service.root_alone)
    assert counted(alone) == (0, DepthFrom.TRUSTED)
    assert counted(service.upstream(service.all_trusted)) == (2, DepthFrom.TRUSTED)
    seen = replace(alone, verify_depth=2, depth_from=DepthFrom.PRESENTED)
    assert counted(alone, seen) == (2, DepthFrom.PRESENTED)
    assert counted(replace(alone, url="https://127.0.0.1:1"), seen) == (0, DepthFrom.TRUSTED)


def test_a_chain_of_somebody_else_counts_for_nothing(tmp_path: Path) -> None:
    service = Service(tmp_path, 3)
    other = service.write("other.pem", make("Other root", ca=True))
    with service.serving():
        assert counted(service.upstream(other)) == (0, DepthFrom.TRUSTED)


def test_on_nginx(bench: Bench, tmp_path: Path) -> None:
    """Two CAs between upstream and root: nginx's default of 1 gives 502; counted, clients get through, and it stays so."""
    folder = tmp_path / "up"
    folder.mkdir()
    service = Service(folder, 2)
    file = bench.ca.home / "handclasp.toml"
    text = f"""
[[site]]
server_names = ["app.test"]
listen = ["127.0.0.1:{bench.port}"]
upstream = {{ url = "https://127.0.0.1:{service.port}", ca = "{service.root_alone}", name = "up.test" DEPTH }}
"""
    conf = bench.prefix / "sites/app.test.conf"
    with service.serving():
        file.write_text(text.replace("DEPTH", ", verify_depth = 1"))
        bench.ca.run("nginx", "apply", "--file", str(file))
        assert bench.curl("alice") == "502"
        file.write_text(text.replace("DEPTH", ""))
        bench.ca.run("nginx", "apply", "--file", str(file))
        assert bench.curl("alice") == "200"
        assert "counted in the chain that it presents.\n        proxy_ssl_verify_depth 2;" in conf.read_text()
    assert bench.ca.json("nginx", "plan", "--file", str(file))["files"] == []
    assert json.loads(bench.ca.run("nginx", "apply", "--json").stdout)["changed"] is False
    rendered = bench.ca.run("nginx", "render", "--file", str(file)).stdout
    assert "the upstream could not be asked.\n        proxy_ssl_verify_depth 1;" in rendered


def test_a_chain_in_a_file(bench: Bench, tmp_path: Path) -> None:
    service = Service(tmp_path, 2)
    file = bench.ca.home / "handclasp.toml"
    where = f'url = "tls://127.0.0.1:{service.port}", ca = "{service.root_alone}", name = "up.test", chain = "{service.chain}"'
    file.write_text(f'[[site]]\nserver_names = ["app.test"]\nlisten = ["127.0.0.1:{bench.port}"]\nupstream = {{ {where} }}\n')
    rendered = bench.ca.run("nginx", "render", "--file", str(file)).stdout
    assert "proxy_ssl_verify_depth 2;" in rendered
    Path(service.chain).unlink()
    assert "chain.pem" in bench.ca.run("nginx", "apply", "--file", str(file), expect=3).stderr
