"""nginx status: who really gets in where a certificate is asked for and not insisted on, and whom nginx believes behind it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handclasp.cli import main
from tests.nginx_rig import NOW, crl, make

SERVER = (
    "listen 443 ssl; server_name app.test; ssl_certificate own.pem; ssl_certificate_key own.key; ssl_client_certificate ca.pem;"
)
GUARD = "if ($ssl_client_verify != SUCCESS) { return 403; }"
PASS = "proxy_pass http://127.0.0.1:9;"
SET = "set $ok 0; if ($ssl_client_verify = SUCCESS) { set $ok 1; } if ($ok = 0) { return 403; }"
DN_ASKED = 'if ($ssl_client_s_dn !~ "CN=alice") { return 403; }'

# What stands in the server, and who enters where.
WHO = {
    f"ssl_verify_client on; location / {{ {PASS} }}": [("/", "clients")],
    f"ssl_verify_client optional; location / {{ {PASS} }}": [("/", "anybody")],
    f"ssl_verify_client optional; {GUARD} location / {{ {PASS} }}": [("/", "clients"), ("/", "condition")],
    f"ssl_verify_client optional; location / {{ {GUARD} {PASS} }} location /open/ {{ {PASS} }}": [
        ("/", "clients"), ("/open/", "anybody"), ("/", "condition"),
    ],
    f"ssl_verify_client optional; location / {{ {GUARD} location ~ \\.pdf$ {{ {PASS} }} {PASS} }}": [
        ("/", "clients"), ("/x.pdf", "anybody"), ("/", "condition"),
    ],
    f"ssl_verify_client optional_no_ca; {DN_ASKED} location / {{ {PASS} }}": [("/", "anybody"), ("/", "condition")],
    f"ssl_verify_client optional_no_ca; {GUARD} location / {{ {PASS} }}": [("/", "clients"), ("/", "condition")],
    f"ssl_verify_client optional; location / {{ access_by_lua_block {{ ask() }} {PASS} }}": [("/", "undecided")],
    f"ssl_verify_client optional; location / {{ {SET} {PASS} }} location /b/ {{ {PASS} }}": [
        ("/", "clients"), ("/b/", "anybody"),
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ca = make("CA", ca=True)
    own = make("app.test", ca, server=True, not_after=NOW + timedelta(days=20))
    shown = make("front", ca, not_after=NOW + timedelta(days=10))
    for name, content in {
        "ca.pem": ca.pem, "ca.crl": crl(ca), "own.pem": own.pem, "own.key": own.key_pem, "front.pem": shown.pem,
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    return tmp_path


def status(folder: Path, http: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    config = folder / "nginx.conf"
    config.write_text(f"events {{}}\nhttp {{ {http} }}\n")
    assert main(["nginx", "status", "--config", str(config), *options]) == 0
    return capsys.readouterr().out


def first_server(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said)["sockets"][0]["servers"][0]
    return found


@pytest.mark.parametrize("inside", WHO)
def test_who_may_enter(inside: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = status(folder, f"server {{ {SERVER} {inside} }}", capsys, "--json")
    assert [(one["path"], one["enters"]) for one in first_server(said)["enters"]] == WHO[inside]


TOWARDS = """
server {
    @SERVER@ ssl_verify_client on;
    location / {
        proxy_pass https://backend.test;
        proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; proxy_ssl_crl ca.crl;
    }
    location /other/ { proxy_pass https://127.0.0.1:9443; proxy_ssl_certificate front.pem; proxy_ssl_certificate_key own.key; }
    location /plain/ { proxy_pass http://127.0.0.1:9; }
}
""".replace("@SERVER@", SERVER)


def test_whom_nginx_believes_and_what_it_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backends = {one["location"]: one["tls"] for one in first_server(status(folder, TOWARDS, capsys, "--json"))["backends"]}
    assert (backends["/"]["verified"], backends["/"]["name"]) == (True, "backend.test")
    assert [one["subject"] for one in backends["/"]["authorities"]] == ["CN=CA"]
    assert [one["issuer"] for one in backends["/"]["crls"]] == ["CN=CA"]
    assert (backends["/other/"]["verified"], backends["/other/"]["shows"]) == (False, "CN=front")
    assert backends["/plain/"] is None
    told = status(folder, TOWARDS, capsys, "--lang", "en")
    assert "https://backend.test must be backend.test, by CN=CA (until" in told
    assert "https://127.0.0.1:9443 is NOT verified: whoever answers there is believed; nginx shows CN=front" in told


def test_what_goes_wrong_next_behind_nginx(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(status(folder, TOWARDS, capsys, "--json"))["deadlines"]
    kinds = [one["kind"] for one in found]
    assert kinds[:3] == ["backend-crl", "shown-to-backend", "certificate"]  # 7, 10 and 20 days
    assert set(kinds[3:]) == {"authority", "backend-authority"}
    told = status(folder, TOWARDS, capsys, "--lang", "zh")
    assert "nginx 向后端出示的证书 CN=front：此后 app.test 被其后端拒绝" in told
