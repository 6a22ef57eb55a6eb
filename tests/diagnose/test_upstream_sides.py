"""Whose trouble it is when a visitor is shown a page; and an upstream that nobody verifies, asked what it presents."""

from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.doctor import examine
from handclasp.app.evidence import Given, gather
from handclasp.app.live_upstream import with_live_upstream
from handclasp.app.sides import sides
from handclasp.model.verdict import Side
from handclasp.wiring import World
from tests.diagnose.rules.samples_upstream import VERIFIED
from tests.diagnose.rules.workshop import ASKS, TLS, Workshop
from tests.nginx_rig import rig

PAGE = "400 No required SSL certificate was sent"


@pytest.mark.parametrize(
    ("lines", "sent", "first"),
    [
        (TLS, None, Side.UPSTREAM),  # nobody is asked for a certificate here
        (ASKS, "peer.pem", Side.UPSTREAM),  # this visitor is let in here
        (ASKS, "", Side.CLIENT),
        (ASKS, None, Side.CLIENT),
    ],
)
def test_the_page_is_the_upstream_s_only_when_it_cannot_be_ours(
    lines: str, sent: str | None, first: Side, tmp_path: Path
) -> None:
    shop = Workshop(tmp_path)
    shop.http(f"    server {{ {lines}\n location / {{ proxy_pass https://10.0.0.9:8443; {VERIFIED} }} }}\n")
    given = str(tmp_path / sent) if sent else sent
    evidence = shop.say(client_certificate=given, answer=PAGE).evidence()
    assert sides(evidence, None)[0].side is first


def test_an_unverified_upstream_is_asked_and_then_verified_with_a_file_at_hand(tmp_path: Path) -> None:
    with rig(tmp_path / "prefix") as backend:
        backend.site()
        backend.start()
        folder = tmp_path / "front"
        folder.mkdir()
        for file, content in {
            "root.pem": backend.root.pem,
            "server.pem": backend.server.pem,
            "server.key": backend.server.key_pem,
            "nginx.conf": (
                f"events {{ }}\nhttp {{ server {{ {TLS} ssl_certificate server.pem; ssl_certificate_key server.key;\n"
                f"    location / {{ proxy_pass https://127.0.0.1:{backend.port}; }} }} }}\n"
            ).encode(),
        }.items():
            (folder / file).write_bytes(content)
        world = World(str(tmp_path / "home"))
        given = Given(config=str(folder / "nginx.conf"), side=Side.UPSTREAM)
        evidence = gather(given, PosixFileTree(), now=SystemClock().now(), build=world.nginx.build())
        assert with_live_upstream(replace(evidence, side=Side.CLIENT), world.probe).upstream_chain is None
        evidence = with_live_upstream(evidence, world.probe)
    assert evidence.upstream_chain is not None
    found = examine(evidence, world.sandbox_tools, side=Side.UPSTREAM).diagnosis.findings[0]
    assert found.cause == "upstream-verify-off-by-default"
    text = found.remedies[0].edits[0].after.decode()
    for line in ("proxy_ssl_verify on;", f"proxy_ssl_trusted_certificate {folder}/root.pem;", "proxy_ssl_name app.test;"):
        assert line in text
    proof = found.remedies[0].proof
    assert proof is not None
    assert proof.proved
