"""The REST API: every role against every route, and what the routes do, over TLS and behind a real nginx."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.app.crashpoint import VARIABLE
from handclasp.server.api.routes import ROUTES
from tests.ca_rig import Ca, copied, openssl, verify
from tests.nginx_rig import MAIN, free_port
from tests.serve.api_rig import Client, api_of, csr, serial_of
from tests.serve.serve_rig import serving


def test_headers_of_a_proxy_are_worth_nothing_on_other_connections(client: Client) -> None:
    pem = client.ca.identity("root-admin", "certificate.pem").read_text()
    forged = ("X-Client-Verify: SUCCESS", f"X-Client-Cert: {quote(pem, safe='')}")
    assert client.ask(None, "GET", "/audit", None, *forged).status == 401
    assert client.ask("alice", "GET", "/audit", None, *forged).status == 403


def test_issue_renew_revoke_and_the_audit_log(own: Client, tmp_path: Path) -> None:
    made = own.ask("desk", "POST", "/certificates", {"name": "carol", "csr": csr(tmp_path, "carol"), "days": 30})
    assert made.status == 201, made
    (tmp_path / "chain.pem").write_text(made.json["chain"])
    verify(own.ca, tmp_path / "chain.pem")
    assert not own.ca.identity("carol").exists()  # the holder has it all; what follows is where this rig looks for it
    own.ca.identity("carol").mkdir()
    (own.ca.identity("carol") / "chain.pem").write_text(made.json["chain"])
    (own.ca.identity("carol") / "key.pem").write_bytes((tmp_path / "carol.key").read_bytes())
    assert own.ask("carol", "GET", "/whoami").json == {"name": "carol", "role": "self", "serial": made.json["serial"]}
    renewed = own.ask("carol", "POST", "/identities/carol/renew", {"csr": csr(tmp_path, "carol2")})
    assert renewed.status == 201, renewed
    (own.ca.identity("carol") / "key.pem").write_bytes((tmp_path / "carol2.key").read_bytes())
    assert [one["serial"] for one in own.ask("carol", "GET", "/certificates").json["certificates"]] == [
        made.json["serial"], renewed.json["serial"],
    ]  # fmt: skip
    again = own.ask("desk", "POST", "/certificates", {"name": "carol", "csr": csr(tmp_path, "carol3")})
    assert (again.status, again.kind) == (409, "application/problem+json")
    assert "has a certificate" in again.json["detail"]
    gone = own.ask("desk", "POST", f"/certificates/{made.json['serial']}/revoke", {"reason": "keyCompromise"})
    assert gone.json["reason"] == "keyCompromise"
    (own.ca.identity("carol") / "chain.pem").write_text(made.json["chain"])
    (own.ca.identity("carol") / "key.pem").write_bytes((tmp_path / "carol.key").read_bytes())
    assert own.ask("carol", "GET", "/whoami").status == 401
    events = own.ask("eyes", "GET", "/audit?limit=500").json["events"]
    assert [(one["action"], one["actor"]) for one in events if one["subject"] == "carol"] == [
        ("intent", "desk (api)"), ("issued", "desk (api)"), ("intent", "carol (api)"), ("issued", "carol (api)"),
        ("revoked", "desk (api)"),
    ]  # fmt: skip
    assert own.ca.run("audit").returncode == 0


def test_nobody_makes_a_certificate_that_opens_more_than_their_own(own: Client, tmp_path: Path) -> None:
    with (own.ca.home / "roles.toml").open("a") as roles:
        roles.write('"future-admin" = "admin"\n')
    body = {"name": "future-admin", "csr": csr(tmp_path, "future-admin")}
    assert own.ask("desk", "POST", "/certificates", body).status == 403
    assert own.ask("desk", "POST", "/identities/root-admin/renew", {"csr": body["csr"]}).status == 403
    assert own.ask("root-admin", "POST", "/certificates", body).status == 201


def test_broken_roles_let_nobody_in(own: Client) -> None:
    (own.ca.home / "roles.toml").write_text('"alice" = "king"\n')
    got = own.ask("alice", "GET", "/whoami")
    assert (got.status, got.kind) == (400, "application/problem+json")


def test_an_idempotency_key_does_it_once(own: Client, tmp_path: Path) -> None:
    body = {"name": "carol", "csr": csr(tmp_path, "carol")}
    first = own.ask("desk", "POST", "/certificates", body, "Idempotency-Key: one")
    second = own.ask("desk", "POST", "/certificates", body, "Idempotency-Key: one")
    assert (first.status, first.text) == (second.status, second.text)
    assert first.status == 201
    other = own.ask("desk", "POST", "/certificates", body | {"name": "dave"}, "Idempotency-Key: one")
    assert other.status == 422
    refused = own.ask("desk", "POST", "/certificates", body, "Idempotency-Key: two")
    assert refused.status == 409
    again = own.ask("desk", "POST", "/certificates", body, "Idempotency-Key: two")
    assert (again.status, again.text, again.kind) == (409, refused.text, "application/problem+json")
    assert own.ask("root-admin", "POST", "/certificates", body, "Idempotency-Key: one").status == 409  # another client's


def test_what_is_told_once_is_not_kept_for_a_key(own: Client) -> None:
    made = own.ask("desk", "POST", "/identities/alice/bundle-links", {}, "Idempotency-Key: link")
    assert made.status == 201
    again = own.ask("desk", "POST", "/identities/alice/bundle-links", {}, "Idempotency-Key: link")
    assert (again.status, "told once" in again.text) == (409, True)
    token = made.json["path"].rpartition("/")[2].encode()
    assert not [path for path in own.ca.home.rglob("*") if path.is_file() and token in path.read_bytes()]


def test_an_idempotency_key_holds_in_another_process_and_after_a_stop(api_template: Ca, tmp_path: Path) -> None:
    ca = copied(api_template, tmp_path / "own")
    body, key = {"name": "carol", "csr": csr(tmp_path, "carol")}, "Idempotency-Key: one"
    with api_of(ca) as one, api_of(ca) as two:
        first = one.ask("desk", "POST", "/certificates", body, key)
        assert first.status == 201
        assert two.ask("desk", "POST", "/certificates", body, key) == first
    with api_of(ca) as later:
        assert later.ask("desk", "POST", "/certificates", body, key) == first
        assert later.ask("desk", "POST", "/certificates", body | {"days": 3}, key).status == 422
    assert len(ca.json("show", "carol")["certificates"]) == 1


@pytest.mark.parametrize(("point", "made"), [("repeat.begun", 0), ("issue.signed", 0), ("repeat.done", 1)])
def test_a_request_that_was_cut_off_is_not_done_again(api_template: Ca, tmp_path: Path, point: str, made: int) -> None:
    ca = copied(api_template, tmp_path / "own")
    body, key = {"name": "carol", "csr": csr(tmp_path, "carol")}, "Idempotency-Key: one"
    with api_of(ca, env={VARIABLE: point}) as dying, pytest.raises(AssertionError):
        dying.ask("desk", "POST", "/certificates", body, key)
    with api_of(ca) as later:
        again = later.ask("desk", "POST", "/certificates", body, key)
        assert (again.status, "look whether it was done" in again.text) == (409, True)
        other = later.ask("desk", "POST", "/certificates", body, "Idempotency-Key: two")
        assert other.status == (409 if made else 201)
        found = later.ask("desk", "GET", "/certificates?name=carol").json["certificates"]
        assert [one["status"] for one in found].count("good") == 1


def test_pages(client: Client) -> None:
    whole = client.ask("desk", "GET", "/certificates").json["certificates"]
    seen, after = [], ""
    while True:
        page = client.ask("desk", "GET", f"/certificates?limit=3{after}").json
        seen += page["certificates"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == whole
    assert len(whole) > 3
    revoked = client.ask("desk", "GET", "/certificates?status=revoked").json["certificates"]  # canaries of hosts, too
    assert "mallory" in [one["name"] for one in revoked]
    assert {one["status"] for one in revoked} == {"revoked"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404), ("DELETE", "/whoami", None, 405), ("POST", "/certificates", [], 400),
        ("POST", "/certificates", {"name": "x", "csr": "x", "ca": True}, 400), ("POST", "/certificates", {"name": "x"}, 400),
        ("POST", "/certificates", {"name": "../x", "csr": "x"}, 400), ("GET", "/certificates?limit=0", None, 400),
        ("GET", "/certificates?limit=9999", None, 400), ("GET", "/certificates?nope=1", None, 400),
        ("GET", "/certificates?after=zz", None, 400), ("GET", "/certificates/zz", None, 400),
        ("GET", "/certificates/1234", None, 404), ("POST", "/identities/nobody/renew", {}, 404),
        ("GET", "/audit?after=-1", None, 400), ("POST", "/certificates", {"name": "x", "csr": "y" * 200_000}, 413),
        ("GET", "/certificates?status=nice", None, 400), ("GET", "/certificates?limit=%D9%A3", None, 400),
        ("GET", "/audit?after=%D9%A3", None, 400), ("GET", "/certificates?" + "limit=1&" * 500, None, 400),
        ("GET", "/bundles/abc", None, 200), ("POST", "/bundles/abc", None, 404), ("PUT", "/bundles/abc", None, 405),
        ("GET", "/certificates?limit=1&limit=2", None, 400),
    ],
)  # fmt: skip
def test_hostile_and_mistaken_requests(client: Client, method: str, path: str, body: object, status: int) -> None:
    got = client.ask("root-admin", method, path, body)
    assert got.status == status, got
    if status != 200:
        assert got.kind == "application/problem+json"
        assert got.json["status"] == status
        assert "/tmp" not in got.text


def test_head_is_get_without_a_body(client: Client) -> None:
    got = client.ask("root-admin", "HEAD", "/certificates")
    head, _, rest = got.text.replace("\r", "").partition("\n\n")
    assert (got.status, got.kind, rest.strip()) == (200, "application/json", "")
    assert "content-length: " in head
    assert client.ask(None, "HEAD", "/certificates").status == 401
    assert client.ask("root-admin", "HEAD", "/reports").status == 404


def test_a_request_has_one_idempotency_key(client: Client) -> None:
    keys = ("Idempotency-Key: one", "Idempotency-Key: two")
    got = client.ask("desk", "POST", "/certificates", {"name": "twice", "csr": "x"}, *keys)
    assert (got.status, got.json["detail"]) == (400, "a request has one idempotency key")


def test_a_one_time_link_gives_the_bundle_once(own: Client, tmp_path: Path) -> None:
    link = own.ask("desk", "POST", "/identities/bob/bundle-links", {"hours": 1}).json
    url = own.base + link["path"]
    page = own.ask(None, "GET", url, raw=True)
    assert (page.status, page.kind) == (200, "text/html")
    trusted = str(own.ca.home / "ca" / "bundle.pem")
    file = tmp_path / "bob.p12"
    subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--cacert", trusted, "-X", "POST", "-o", file, url], check=True, timeout=60
    )
    inside = openssl("pkcs12", "-in", file, "-passin", f"file:{own.ca.identity('bob', 'p12-password.txt')}", "-nodes")
    assert "PRIVATE KEY" in inside
    assert own.ask(None, "POST", url, raw=True).status == 404
    assert link["path"].rpartition("/")[2] not in (own.ca.home / "registry.sqlite").read_bytes().decode("latin-1")
    late = own.ask("desk", "POST", "/identities/carol/bundle-links", {"hours": 1})
    assert late.status == 400


def test_the_openapi_document_describes_every_route(client: Client) -> None:
    document = client.ask("alice", "GET", "/openapi.json").json
    assert document["openapi"] == "3.1.0"
    for route in ROUTES:
        operation = document["paths"][f"/api/v1{route.path}"][route.method.lower()]
        assert str(route.status) in operation["responses"]
    text = json.dumps(document)
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in document["components"]["schemas"]


def test_behind_nginx_over_a_socket_that_only_it_may_open(api_template: Ca, tmp_path: Path) -> None:
    ca = copied(api_template, tmp_path)
    where = tmp_path / "api.sock"
    with serving(ca, "--api-socket", str(where)):
        assert where.stat().st_mode & 0o777 == 0o600
        with in_front(ca, tmp_path / "nginx", where) as client:
            assert client.ask("eyes", "GET", "/whoami").json["role"] == "auditor"
            assert client.ask("alice", "GET", "/audit", None, "X-Client-Cert: x", "X-Client-Verify: SUCCESS").status == 403
            assert client.ask(None, "GET", "/whoami").status == 401
            assert client.ask("mallory", "GET", "/whoami").status == 401
    assert not where.exists()
    where.write_text("in the way")
    assert "no socket" in ca.run("serve", "--listen", "127.0.0.1:0", "--api-socket", str(where), expect=5).stderr
    assert where.read_text() == "in the way"


@contextmanager
def in_front(ca: Ca, folder: Path, where: Path) -> Iterator[Client]:
    for name in ("logs", "run"):
        (folder / name).mkdir(parents=True)
    port = free_port()
    identity = ca.identity("app.test")
    server = f"""
    server {{
        listen 127.0.0.1:{port} ssl; server_name app.test;
        ssl_certificate {identity}/chain.pem; ssl_certificate_key {identity}/key.pem;
        ssl_client_certificate {ca.home}/ca/bundle.pem; ssl_verify_client optional; ssl_verify_depth 2;
        location / {{
            proxy_pass http://unix:{where};
            proxy_set_header X-Client-Verify $ssl_client_verify;
            proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
        }}
    }}"""
    config = folder / "nginx.conf"
    config.write_text(MAIN.format(http=server, user="user root;"))
    nginx = NginxProcess()
    nginx.start(prefix=str(folder), config=str(config))
    try:
        yield Client(ca=ca, base=f"https://127.0.0.1:{port}")
    finally:
        nginx.stop(prefix=str(folder), config=str(config))


def test_a_new_server_certificate_is_taken_at_sighup_without_a_dropped_connection(own: Client) -> None:
    port = int(own.base.rpartition(":")[2])
    before = served_serial(own, port)
    own.ca.run("renew", "app.test")
    (process,) = [int(pid) for pid in listeners(port)]
    os.kill(process, signal.SIGHUP)
    for _ in range(100):
        if served_serial(own, port) != before:
            break
    assert served_serial(own, port) == f"serial={serial_of(own.ca, 'app.test')}"
    assert own.ask("alice", "GET", "/whoami").status == 200


def test_a_key_that_does_not_belong_to_the_new_certificate_leaves_the_old_ones_in_use(own: Client) -> None:
    port = int(own.base.rpartition(":")[2])
    before, chain = served_serial(own, port), own.ca.identity("app.test", "chain.pem")
    (process,) = [int(pid) for pid in listeners(port)]
    kept = chain.read_bytes()
    own.ca.run("renew", "app.test")
    renewed = chain.read_bytes()
    for content in (own.ca.identity("eyes", "chain.pem").read_bytes(), renewed[:-40], kept, renewed):
        chain.write_bytes(content)
        os.kill(process, signal.SIGHUP)
        for _ in range(3):  # the signal is heard before the connection after the next, whatever came of it
            assert own.ask("alice", "GET", "/whoami").status == 200
    for _ in range(100):
        if served_serial(own, port) != before:
            break
    assert served_serial(own, port) == f"serial={serial_of(own.ca, 'app.test')}"


def served_serial(client: Client, port: int) -> str:
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "app.test"],
        input=b"", capture_output=True, check=False, timeout=30,
    ).stdout  # fmt: skip
    said = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, check=True, timeout=30)
    return said.stdout.decode().strip()


def listeners(port: int) -> set[str]:
    """Processes that listen on this port of loopback, from /proc."""
    wanted = f"{socket.inet_aton('127.0.0.1')[::-1].hex().upper()}:{port:04X}"
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    inodes = {f"socket:[{fields[9]}]" for fields in lines if fields[1] == wanted and fields[3] == "0A"}
    pids = (one.name for one in Path("/proc").iterdir())
    return {pid for pid in pids if pid.isdecimal() and inodes & descriptors(pid)}


def descriptors(pid: str) -> set[str]:
    """What a process has open; nothing when it ends meanwhile."""
    found = set()
    with suppress(OSError):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(one.readlink()))
    return found


def test_a_body_without_end_is_cut_off_and_nothing_grows(client: Client) -> None:
    """Far more than is read and dropped: the connection ends, and the server serves on."""
    folder = client.ca.identity("root-admin")
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "--cacert", client.ca.home / "ca" / "bundle.pem", "--cert",
         folder / "chain.pem", "--key", folder / "key.pem", "-H", "content-type: application/json", "--data-binary", "@-",
         f"{client.base}/api/v1/certificates"],
        input=b"x" * 50_000_000, capture_output=True, check=False, timeout=90,
    )  # fmt: skip
    assert b"413" in done.stdout or done.returncode != 0
    assert client.ask("root-admin", "GET", "/whoami").status == 200
