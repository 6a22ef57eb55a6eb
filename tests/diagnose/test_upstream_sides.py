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
from handclasp.lab import extensions as ext
from handclasp.lab.mint import PAST, name
from handclasp.model.finding import Severity
from handclasp.model.verdict import Side
from handclasp.wiring import World
from tests.diagnose.rules.samples_upstream import VERIFIED
from tests.diagnose.rules.workshop import ASKS, TLS, Workshop
from tests.diagnose.scenes import blank_pem
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


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        ("ssl_client_certificate ca.pem;", Side.CLIENT),
        ("", Side.UPSTREAM),
        ("ssl_client_certificate ca.pem; ssl_verify_client on;", Side.CLIENT),
    ],
)
def test_a_ca_for_clients_is_looked_at_before_the_upstream(lines: str, first: Side, tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.http(f"    server {{ {TLS} {lines}\n location / {{ proxy_pass https://10.0.0.9:8443; {VERIFIED} }} }}\n")
    assert sides(shop.evidence(), None)[0].side is first


def _two_servers(folder: Path) -> Workshop:
    """a.test answers by itself; b.test passes on to a third server of the same nginx, whose certificate has expired."""
    shop = Workshop(folder)
    origin = shop.draft.end_entity(name(("CN", "origin.test")), shop.draft.root)
    origin.put("subjectAltName", ext.general_names(("dns", "origin.test")))
    origin.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    origin.not_after = PAST
    shop.put("origin.pem", blank_pem(origin)).put("origin.key", origin.key.pem)
    asks = "ssl_client_certificate ca.pem; ssl_verify_client on;"
    verified = "proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; proxy_ssl_name origin.test;"
    return shop.http(
        f"server {{ listen 127.0.0.1:8443 ssl; server_name a.test; {asks} location / {{ return 200; }} }}\n"
        f"server {{ listen 127.0.0.1:8443 ssl; server_name b.test; {asks}\n"
        f"  location /api/ {{ proxy_pass https://127.0.0.1:9443; {verified} }} location / {{ return 200; }} }}\n"
        "server { listen 127.0.0.1:9443 ssl; ssl_certificate origin.pem; ssl_certificate_key origin.key; }\n"
    ).sends()


@pytest.mark.parametrize(("server", "told"), [(None, True), ("b.test", True), ("a.test", False)])
def test_an_upstream_is_told_of_the_server_that_has_it(server: str | None, told: bool, tmp_path: Path) -> None:
    diagnosis = examine(_two_servers(tmp_path).say(server=server).evidence(), None).diagnosis
    found = [finding for finding in diagnosis.findings if finding.cause == "upstream-cert-expired"]
    assert bool(found) is told
    if told:
        assert diagnosis.findings[0] is found[0]
        assert (found[0].where.line, found[0].where.directive) == (_line_of(tmp_path, "proxy_pass"), "proxy_pass")
        assert diagnosis.verdict is not None
        assert (diagnosis.verdict.side, diagnosis.verdict.status) == (Side.UPSTREAM, 502)


def test_the_client_s_chain_is_never_taken_for_the_upstream_s(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.http(
        f"    server {{ {TLS} ssl_client_certificate ca.pem; ssl_verify_client off;\n"
        f"    location / {{ proxy_pass https://10.0.0.9:8443; {VERIFIED} }} }}\n"
    ).sends()
    findings = examine(shop.evidence(), None).diagnosis.findings
    assert [finding.cause for finding in findings if finding.severity is Severity.ERROR] == ["verify-client-not-enabled"]


def test_a_server_without_an_upstream_is_said_to_have_none(tmp_path: Path) -> None:
    diagnosis = examine(_two_servers(tmp_path).say(server="a.test").evidence(), None, side=Side.UPSTREAM).diagnosis
    assert [question.give.en for question in diagnosis.could_not_tell] == ["--server b.test"]


def test_a_line_says_which_server_and_location_are_in_question(tmp_path: Path) -> None:
    line = (
        "2026/11/20 10:00:00 [error] 7#7: *1 upstream SSL certificate verify error: (10:certificate has expired) while SSL"
        ' handshaking to upstream, client: 192.0.2.7, server: b.test, request: "GET /api/x?y=1 HTTP/1.1",'
        ' upstream: "https://127.0.0.1:9443/api/x", host: "b.test"'
    )
    shop = _two_servers(tmp_path).say(lines=(line,))
    evidence = shop.evidence()
    assert (evidence.server, evidence.location) == ("b.test", "/api/x")
    assert examine(evidence, None).diagnosis.findings[0].cause == "upstream-cert-expired"
    assert shop.say(server="a.test").evidence().server == "a.test"
    assert shop.say(server=None, lines=(line.replace("b.test", "elsewhere.test"),)).evidence().server is None


def _line_of(folder: Path, word: str) -> int:
    lines = (folder / "nginx.conf").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if word in line)


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


def test_what_many_servers_share_is_looked_at_once(tmp_path: Path) -> None:
    shop = _two_servers(tmp_path)
    text = (tmp_path / "nginx.conf").read_text()
    start = text.index("server { listen 127.0.0.1:8443 ssl; server_name b.test")
    end = text.index("server { listen 127.0.0.1:9443")
    more = "".join(text[start:end].replace("b.test", f"c{number}.test") for number in range(20))
    shop.main(text.rstrip()[:-1] + more + "}\n")
    evidence = shop.evidence()
    assert [(one.side, one.server) for one in sides(evidence, None)] == [(Side.CLIENT, None), (Side.UPSTREAM, None)]
    named = sides(shop.say(server="c7.test").evidence(), None)
    assert [(one.side, one.server) for one in named] == [(Side.CLIENT, "c7.test"), (Side.UPSTREAM, "c7.test")]


def test_a_page_of_the_upstream_is_the_answer_that_is_told(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.http(f"    server {{ {ASKS}\n location / {{ proxy_pass https://10.0.0.9:8443; {VERIFIED} }} }}\n")
    diagnosis = examine(shop.say(answer=PAGE).sends().evidence(), None).diagnosis
    assert diagnosis.findings[0].cause == "upstream-400-relayed"
    assert diagnosis.verdict is not None
    assert diagnosis.verdict.title == PAGE
