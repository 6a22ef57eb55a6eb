"""An upstream that is a server of the same configuration: what is foreseen, held against a real nginx that talks to itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from handclasp.app.prove_bench import bench_for
from handclasp.app.sandbox import sandbox
from handclasp.diagnose.case import Case
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import sockets
from handclasp.verdict.behind import own_socket
from handclasp.verdict.predict import Stage, predict
from handclasp.wiring import World
from tests.diagnose.rules import samples_reach, samples_upstream
from tests.diagnose.rules.samples_upstream import VERIFIED
from tests.diagnose.rules.workshop import TLS, Workshop


def rejects_nameless(shop: Workshop) -> Workshop:
    silent = VERIFIED.replace("server_name on", "server_name off")
    front = f"    server {{ {TLS} location / {{ proxy_pass https://127.0.0.1:9443; {silent} }} }}\n"
    return shop.http(
        front
        + "    server { listen 127.0.0.1:9443 ssl default_server; ssl_reject_handshake on; }\n"
        + "    server { listen 127.0.0.1:9443 ssl; server_name lab.test;"
        " ssl_certificate peer.pem; ssl_certificate_key peer.key; return 200; }\n"
    )


def named_host(shop: Workshop) -> Workshop:
    """The handshake goes to the named server, whose certificate is right."""
    made = rejects_nameless(shop)
    text = (shop.folder / "nginx.conf").read_text()
    return made.main(text.replace("proxy_ssl_server_name off;", "proxy_ssl_server_name on; proxy_set_header Host lab.test;"))


SETUPS: dict[str, tuple[Callable[[Workshop], Workshop], int]] = {
    "no-certificate": (samples_upstream.own_nothing, 400),
    "wrong-use": (samples_upstream.own_wrong_use, 400),
    "leaf-alone": (samples_upstream.own_leaf_alone, 400),
    "right": (samples_upstream.own_right, 200),
    "no-common-version": (samples_upstream.own_versions_apart, 502),
    "default-certificate": (samples_reach.no_sni_default, 502),
    "plain-http": (samples_reach.tls_to_plain, 502),
    "rejects-nameless": (rejects_nameless, 502),
    "named": (named_host, 200),
}


@pytest.mark.parametrize("name", SETUPS)
def test_nginx_does_what_is_foreseen(name: str, tmp_path: Path) -> None:
    make, status = SETUPS[name]
    evidence = make(Workshop(tmp_path, Side.UPSTREAM)).evidence()
    foreseen = predict(evidence)
    assert foreseen.status == status
    bench = bench_for(Case(Stage(evidence)), None)
    with sandbox(World(str(tmp_path / "home")).sandbox_tools, bench.plan()) as running:
        assert running.runs, running.test.output
        asked = running.ask(bench.request(bench.sender()))
    assert asked.result.status == foreseen.status, asked
    assert asked.result.title == foreseen.title
    if foreseen.log:
        assert any(foreseen.log in line for line in asked.log), (foreseen.log, asked.log)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1:443", True),
        ("localhost:443", True),
        ("[::1]:443", False),
        ("10.0.0.9:443", False),
        ("backend.test:443", False),
        ("10.0.0.5:444", True),
        ("127.0.0.1:444", False),
        ("unix:/run/a.sock", True),
        ("unix:/run/b.sock", False),
    ],
)
def test_only_what_is_certainly_here_is_taken_for_an_own_socket(address: str, own: bool, tmp_path: Path) -> None:
    """`listen 443` takes every address of this machine, and other machines have others."""
    listens = "listen 443 ssl; listen 10.0.0.5:444 ssl; listen unix:/run/a.sock ssl;"
    stage = Stage(Workshop(tmp_path, Side.CLIENT).http(f"    server {{ {listens} }}\n").evidence())
    assert len(sockets(stage.config)) == 3
    assert (own_socket(stage.config, address) is not None) is own
