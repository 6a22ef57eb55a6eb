"""Paths, networks, limits, WebSocket and certificates passed on: knocked at on a real nginx."""

import base64
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.model.errors import PolicyError
from handclasp.model.intent import AdmittedCertificate, PathIntent, RateIntent, SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.render import render_site, render_sites
from tests.http_rig import Application, serving
from tests.nginx_rig import crl
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial

OLD = NginxVersion(1, 18, 0)
HERE = ("127.0.0.0/8",)
THERE = ("192.0.2.0/24", "2001:db8::/32")


@pytest.fixture
def echo() -> Iterator[int]:
    """An application that tells the path and the headers it got, and speaks WebSocket."""

    class Echo(Application):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            if self.headers.get("Upgrade"):
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.end_headers()
                self.wfile.write(self.rfile.read(4).upper())
                return
            told = {"path": self.path, **{key.lower(): value for key, value in self.headers.items()}}
            self.answer(json.dumps(told).encode())

    with serving(Echo) as port:
        yield port


def material(rig: SiteRig, *names: str) -> SiteMaterial:
    rows = tuple(
        AdmittedCertificate(identity=name, issuer_dn=issuer_dn(rig.clients[name]), serial=serial(rig.clients[name]))
        for name in names
    )
    return rig.material(admitted=rows)


def serve(rig: SiteRig, *names: str, version: NginxVersion | None = None, **intent: object) -> None:
    text = render_site(rig.intent(**intent), material(rig, *names), version or rig.version)
    rig.serve(text, foreign=version is not None)


def status(rig: SiteRig, client: str | None, path: str = "/", *options: str) -> int:
    return rig.curl(*options, client=client, path=path)[0]


@pytest.mark.parametrize("version", [None, OLD], ids=["this nginx", "text for 1.18"])
def test_from_here_nobody_needs_a_certificate(rig: SiteRig, version: NginxVersion | None) -> None:
    serve(rig, free_from=HERE, version=version)
    assert [status(rig, who) for who in ("alice", "bob", None)] == [200, 200, 200]
    assert [status(rig, who) for who in ("stranger", "mallory")] == [400, 400]
    serve(rig, free_from=THERE, version=version)
    assert [status(rig, who) for who in ("alice", "bob", None, "stranger", "mallory")] == [200, 200, 400, 400, 400]
    code, page = rig.curl(client=None)
    assert (code, "400 No required SSL certificate was sent" in page) == (400, True)


def test_a_header_does_not_move_anybody_into_the_network(rig: SiteRig) -> None:
    serve(rig, free_from=THERE)
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"):
        assert status(rig, None, "/", "-H", f"{header}: 192.0.2.1") == 400


def test_each_path_has_its_own_list(rig: SiteRig) -> None:
    paths = (
        PathIntent(path="/admin", allow=("alice",)),
        PathIntent(path="/admin/log", allow=("bob",)),
        PathIntent(path="/health", free_from=("any",)),
    )
    serve(rig, "alice", "bob", paths=paths)
    assert [status(rig, "alice", path) for path in ("/", "/admin", "/admin/x", "/admin/log", "/health")] == [
        200, 200, 200, 403, 200,
    ]  # fmt: skip
    assert [status(rig, "bob", path) for path in ("/", "/admin", "/admin/x", "/admin/log", "/administrator")] == [
        200, 403, 403, 200, 200,
    ]  # fmt: skip
    assert [status(rig, None, path) for path in ("/", "/admin", "/health", "/health/deep", "/healthy")] == [
        400, 400, 200, 200, 400,
    ]  # fmt: skip
    assert [status(rig, "mallory", path) for path in ("/", "/health")] == [400, 400]


def test_one_list_for_all_and_more_for_a_path(rig: SiteRig) -> None:
    serve(
        rig, "alice", "bob", allow=("alice",), paths=(PathIntent(path="/both", allow=("alice", "bob")), PathIntent(path="/all"))
    )
    assert [status(rig, "alice", path) for path in ("/", "/both", "/all")] == [200, 200, 200]
    assert [status(rig, "bob", path) for path in ("/", "/both", "/all")] == [403, 200, 200]
    assert [status(rig, None, path) for path in ("/", "/both", "/all")] == [400, 400, 400]


def test_no_second_reading_of_a_path(rig: SiteRig, echo: int) -> None:
    """However a path is written, whatever reaches the application under /admin was judged as /admin."""
    paths = (PathIntent(path="/admin", allow=("alice",)), PathIntent(path="/open", free_from=("any",)))
    serve(rig, "alice", "bob", paths=paths, upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}"))
    tricks = (
        "/open/../admin", "/open/..;/admin", "/open/%2e%2e/admin", "/open/..%2fadmin", "/open/%252e%252e/admin", "//admin",
        "/ADMIN", "/Admin/x", "/admin%2f", "/admin;x=1", "/%61dmin", "/a/./../admin", "/open\\..\\admin", "/admin.",
        "/open%5c..%5cadmin", "/admin%20", "/admin./x", "/./admin", "/open/%2e%2e%2fadmin",
        "/admin%0a", "/admin%0d%0a", "/admin%09", "/admin%7f", "/adm%c0%aein", "/%C0%AFadmin",
    )  # fmt: skip
    for path in tricks:
        for client in ("bob", None):
            code = status(rig, client, path, "--path-as-is")
            assert code in {400, 403}, (client, path, code)
    assert status(rig, "bob", "/open/x?next=/../admin;%2e") == 200
    assert status(rig, "alice", "/%61dmin", "--path-as-is") == 200
    argv = ["--http1.1", "--request-target", "https://app.test/admin"]
    assert status(rig, "bob", "/open", *argv) == 403
    assert status(rig, None, "/open", *argv) == 400


def test_who_comes_without_a_certificate_is_nobody(rig: SiteRig, echo: int) -> None:
    serve(rig, free_from=HERE, upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}", client_cert=True))
    spoofed = [part for name in ("X-Client-Verify", "X-Client-DN", "Client-Cert") for part in ("-H", f"{name}: SUCCESS")]
    told = json.loads(rig.curl(*spoofed, client=None)[1])
    assert (told["x-client-verify"], told.get("x-client-dn"), told.get("client-cert")) == ("NONE", None, None)


def test_the_certificate_is_passed_on_as_rfc_9440_has_it(rig: SiteRig, echo: int) -> None:
    serve(rig, upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}", client_cert=True))
    for client in ("alice", "bob"):
        sent = json.loads(rig.curl("-H", "Client-Cert: :AAAA:", client=client)[1])["client-cert"]
        assert (sent[0], sent[-1]) == (":", ":")
        assert base64.b64decode(sent[1:-1], validate=True) == rig.clients[client].certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("behind", ["a service", "nginx itself"])
def test_a_limit_from_which_only_certificates_are_exempt(rig: SiteRig, echo: int, behind: str) -> None:
    upstream = UpstreamIntent(url=f"http://127.0.0.1:{echo}") if behind == "a service" else None
    serve(rig, free_from=HERE, rate=RateIntent(rate="1r/m", burst=2), upstream=upstream)
    assert [status(rig, None) for _ in range(5)] == [200, 200, 200, 429, 429]
    for header in ("X-Client-Verify: SUCCESS", "X-SSL-Client-Verify: SUCCESS", "Cookie: SUCCESS", "X-Forwarded-For: 10.0.0.1"):
        assert status(rig, None, "/", "-H", header) == 429
    assert status(rig, "stranger") == 400
    assert [status(rig, "alice") for _ in range(6)] == [200] * 6


@pytest.mark.parametrize("behind", ["a service", "nginx itself"])
def test_a_limit_for_each_certificate(rig: SiteRig, echo: int, behind: str) -> None:
    upstream = UpstreamIntent(url=f"http://127.0.0.1:{echo}") if behind == "a service" else None
    serve(rig, rate=RateIntent(clients="1r/m", burst=1), upstream=upstream)
    assert [status(rig, "alice") for _ in range(3)] == [200, 200, 429]
    assert status(rig, "bob") == 200


def test_a_service_behind_a_socket_of_this_machine(rig: SiteRig) -> None:
    """The path has a blank in it, as nobody would choose it."""
    path = rig.path("run/an app.sock")
    back = f'server {{ listen "unix:{path}"; location / {{ return 200 "dn=$http_x_client_dn"; }} }}\n'
    text = render_site(rig.intent(upstream=UpstreamIntent(url=f"http://unix:{path}")), rig.material(), rig.version)
    rig.serve(text, back)
    assert rig.curl("-H", "X-Client-DN: CN=admin") == (200, "dn=CN=alice")
    assert rig.curl(client=None)[0] == 400


@pytest.mark.parametrize("url", ["https://unix:/run/a.sock", "http://unix:a.sock", "http://unix:/a:/b", "http://unix:/a;b"])
def test_what_is_no_socket(rig: SiteRig, url: str) -> None:
    with pytest.raises(PolicyError):
        serve(rig, upstream=UpstreamIntent(url=url))


def test_a_limit_that_never_acts_is_refused(rig: SiteRig) -> None:
    with pytest.raises(PolicyError, match="never act"):
        serve(rig, rate=RateIntent(rate="1r/s"))


def test_websocket_and_nothing_else_is_upgraded(rig: SiteRig, echo: int) -> None:
    serve(rig, upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}", websocket=True))
    answer, data = _upgraded(rig, "alice", "WebSocket")
    assert (answer.split()[1], data) == ("101", b"PING")
    assert _upgraded(rig, "alice", "h2c")[0].split()[1] == "200"
    assert _upgraded(rig, None, "websocket")[0].split()[1] == "400"
    told = json.loads(rig.curl()[1])
    assert "upgrade" not in told


def test_without_leave_nothing_is_upgraded(rig: SiteRig, echo: int) -> None:
    serve(rig, upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}"))
    assert _upgraded(rig, "alice", "websocket")[0].split()[1] == "200"


def test_tls_policies(rig: SiteRig) -> None:
    serve(rig, tls="modern")
    assert status(rig, "alice") == 200
    assert status(rig, "alice", "/", "--tls-max", "1.2") == 0
    serve(rig)
    assert status(rig, "alice", "/", "--tls-max", "1.2") == 200
    with pytest.raises(PolicyError, match="no TLS policy"):
        serve(rig, tls="old")


def test_two_policies_on_one_address(rig: SiteRig) -> None:
    second = SiteIntent(server_names=("second.test",), listen=(("127.0.0.1", rig.port),), tls="modern")
    pairs = [(rig.intent(), rig.material()), (second, rig.material())]
    with pytest.raises(PolicyError, match="same address"):
        render_sites(pairs, NginxVersion(1, 28, 0))
    assert len(render_sites(pairs, NginxVersion(1, 29, 2))) == 2


@pytest.mark.parametrize("path", ["admin", "/", "/a/", "/a b", "/a//b", "/a/../b", "/a.", "/ä", "/a%41", '/a"', "/a;b", ""])
def test_paths_that_no_rule_can_be_for(rig: SiteRig, path: str) -> None:
    with pytest.raises(PolicyError):
        serve(rig, paths=(PathIntent(path=path),))


def test_a_twin_in_another_case_is_refused(rig: SiteRig) -> None:
    with pytest.raises(PolicyError, match="two rules"):
        serve(rig, paths=(PathIntent(path="/a"), PathIntent(path="/A")))


@pytest.mark.parametrize("network", ["10.0.0.1/8", "lan", "0", "10.0.0.0/8; return 200", ""])
def test_what_is_no_network(rig: SiteRig, network: str) -> None:
    with pytest.raises(PolicyError, match="not a network"):
        serve(rig, free_from=(network,))


def test_a_new_list_reaches_sessions_that_are_resumed(rig: SiteRig) -> None:
    """The tables are asked for each request: a session from when a path was open to bob does not keep it open."""
    serve(rig, "alice", "bob", paths=(PathIntent(path="/admin", allow=("alice", "bob")),))
    context = ssl.create_default_context(cafile=rig.path("root.pem"))
    context.load_cert_chain(rig.path("clients/bob.pem"), rig.path("clients/bob.key"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    first, session, _ = _get(rig, context, None)
    serve(rig, "alice", "bob", paths=(PathIntent(path="/admin", allow=("alice",)),))
    second, _, reused = _get(rig, context, session)
    assert (first, second, reused) == (200, 403, True)


def test_revoked_clients_stay_out_of_free_networks(rig: SiteRig) -> None:
    serve(rig, free_from=HERE)
    assert status(rig, "bob") == 200
    rig.write("ca.crl", crl(rig.issuing, rig.clients["bob"]) + crl(rig.root))
    serve(rig, free_from=HERE)
    assert (status(rig, "bob"), status(rig, None)) == (400, 200)


def _get(
    rig: SiteRig, context: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[int, ssl.SSLSession | None, bool | None]:
    raw = socket.create_connection(("127.0.0.1", rig.port))
    with context.wrap_socket(raw, server_hostname="app.test", session=session) as tls:
        tls.sendall(b"GET /admin HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := tls.recv(4096):
            answer += part
        return int(answer.split()[1]), tls.session, tls.session_reused


def _upgraded(rig: SiteRig, client: str | None, protocol: str) -> tuple[str, bytes]:
    argv = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{rig.port}", "-servername", "app.test"]
    if client:
        argv += ["-cert", rig.path(f"clients/{client}.pem"), "-key", rig.path(f"clients/{client}.key")]
    request = f"GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\nping"
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request.encode())
        process.stdin.flush()
        head = b""
        while b"\r\n\r\n" not in head and (part := os.read(process.stdout.fileno(), 4096)):
            head += part
        line, _, rest = head.partition(b"\r\n")
        body = rest.partition(b"\r\n\r\n")[2]
        while line.split()[1] == b"101" and len(body) < 4 and (part := os.read(process.stdout.fileno(), 4)):
            body += part
        process.kill()
        return line.decode(), body[:4]
