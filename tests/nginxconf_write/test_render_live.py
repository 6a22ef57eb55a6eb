"""Rendered sites on a real nginx: every hole that is said to be closed is knocked at with curl."""

import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.intent import AdmittedCertificate, SiteIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult
from handclasp.nginxconf.render import render_site, render_sites
from tests.http_rig import Application, serving
from tests.nginx_rig import NOW, crl, free_port, make
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial
from tests.waiting import logged

OLD = NginxVersion(1, 18, 0)


@pytest.fixture
def echo() -> Iterator[int]:
    """An application that tells which headers it got."""

    class Echo(Application):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            self.answer(json.dumps([[key, value] for key, value in self.headers.items()]).encode())

    with serving(Echo) as port:
        yield port


@pytest.mark.parametrize("version", [None, OLD], ids=["this nginx", "text for 1.18"])
def test_who_is_admitted(rig: SiteRig, version: NginxVersion | None) -> None:
    rig.site(version)
    assert rig.curl() == (200, "Handclasp: your client certificate is good.\n")
    assert rig.curl("--tls-max", "1.2")[0] == 200
    assert rig.curl("--http1.1")[0] == 200
    for client, title in (
        (None, "400 No required SSL certificate was sent"),
        ("stranger", "400 The SSL certificate error"),
        ("mallory", "400 The SSL certificate error"),
    ):
        status, body = rig.curl(client=client)
        assert (status, title in body) == (400, True), body
        assert "nginx" not in body
        assert "app.test" not in body
    log = rig.log()
    assert "client sent no required SSL certificate" in log
    assert "client SSL certificate verify error: (23:certificate revoked)" in log


def test_old_protocols_are_refused(rig: SiteRig) -> None:
    rig.site()
    assert rig.curl("--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0")[0] == 0


def test_plain_http_gets_a_page_that_helps(rig: SiteRig) -> None:
    rig.site()
    argv = ["curl", "-s", "-i", "-H", "Host: app.test", f"http://127.0.0.1:{rig.port}/"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("HTTP/1.1 400 ")
    assert "https:// in front" in ran.stdout
    assert "nginx/" not in ran.stdout


def test_nobody_without_a_known_sni(rig: SiteRig) -> None:
    rig.site()
    for sni in (None, "other.test"):
        result = _ask(rig, sni=sni, host="app.test", client="alice")
        assert (result.status, result.alert) == (None, "unrecognized_name (112)"), result
    logged(rig.prefix / "logs/site-error.log", "handshake rejected")  # after the client had its alert


def test_nobody_without_a_known_sni_where_handshakes_cannot_be_rejected(rig: SiteRig) -> None:
    rig.site(OLD)
    for sni in (None, "other.test"):
        for host in ("app.test", "other.test"):
            assert _ask(rig, sni=sni, host=host, client="alice").status == 421
            assert _ask(rig, sni=sni, host=host, client=None).status == 400


def test_another_host_header_after_a_good_sni_reaches_nothing(rig: SiteRig) -> None:
    rig.site()
    assert _ask(rig, sni="app.test", host="other.test", client="alice").status == 421
    assert _ask(rig, sni="app.test", host="app.test", client="alice").status == 200


def test_a_default_server_with_another_ca_lets_nobody_in(rig: SiteRig) -> None:
    """Somebody else's default server on the same address verifies with another CA: its clients must not come to us by Host."""
    other = make("Foreign root", ca=True)
    rig.write("foreign.pem", other.pem)
    rig.client("foreigner", other)
    foreign = f"""server {{
        listen 127.0.0.1:{rig.port} ssl http2 default_server; server_name foreign.test;
        ssl_certificate {rig.path("server.pem")}; ssl_certificate_key {rig.path("server.key")};
        ssl_client_certificate {rig.path("foreign.pem")}; ssl_verify_client on; return 200 "foreign";
    }}"""
    rig.serve(render_site(rig.intent(), rig.material(), rig.version, guard=False), foreign, foreign=True)
    assert _ask(rig, sni=None, host="foreign.test", client="foreigner").status == 200
    assert _ask(rig, sni=None, host="app.test", client="foreigner").status == 421
    assert _ask(rig, sni="foreign.test", host="app.test", client="foreigner").status == 421
    assert rig.curl()[0] == 200


def test_a_ca_trusted_further_out_is_not_a_client_ca(rig: SiteRig) -> None:
    other = make("Stapling root", ca=True)
    rig.write("stapling.pem", other.pem)
    rig.client("outsider", other)
    text = render_site(rig.intent(), rig.material(), rig.version)
    for outer in ("ssl_trusted_certificate", "ssl_client_certificate", "ssl_conf_command VerifyCAFile"):
        rig.serve(text, f"{outer} {rig.path('stapling.pem')};")
        assert rig.curl(client="outsider")[0] == 400, outer
        assert rig.curl()[0] == 200, outer


def test_an_answer_for_one_client_is_not_kept_for_another(rig: SiteRig, echo: int) -> None:
    cache = f"proxy_cache_path {rig.path('run/cache')} keys_zone=k:1m; proxy_cache k; proxy_cache_valid any 1h;"
    rig.serve(
        render_site(rig.intent(upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}")), rig.material(), rig.version), cache
    )
    for client in ("alice", "bob"):
        headers = dict(json.loads(rig.curl(client=client)[1]))
        assert headers["X-Client-DN"] == f"CN={client}"


def test_identity_headers_come_from_nginx_alone(rig: SiteRig, echo: int) -> None:
    rig.site(upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}"))
    spoofed = ("X-Client-DN", "x-client-verify", "X_Client_DN", "X-Client-Cert", "Client-Cert", "X-Client-Name", "Remote-User",
               "X-Forwarded-For", "Forwarded", "X-SSL-Client-Verify", "X-Forwarded-Client-Cert", "X-Real-IP")  # fmt: skip
    options = [part for header in spoofed for part in ("-H", f"{header}: CN=admin")]
    status, body = rig.curl(*options)
    assert status == 200
    headers = {key.lower(): value for key, value in json.loads(body)}
    assert "CN=admin" not in headers.values()
    alice = rig.clients["alice"]
    assert headers["x-client-verify"] == "SUCCESS"
    assert headers["x-client-dn"] == "CN=alice"
    assert headers["x-client-issuer-dn"] == issuer_dn(alice)
    assert headers["x-client-serial"] == serial(alice)
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["host"] == "app.test"


def admitted(rig: SiteRig, *names: str) -> tuple[AdmittedCertificate, ...]:
    return tuple(
        AdmittedCertificate(identity=name, issuer_dn=issuer_dn(rig.clients[name]), serial=serial(rig.clients[name]))
        for name in names
    )


def test_the_allow_list(rig: SiteRig, echo: int) -> None:
    material = rig.material(admitted=admitted(rig, "alice", "bob"))
    intent = rig.intent(allow=("alice",), upstream=UpstreamIntent(url=f"http://127.0.0.1:{echo}"))
    rig.serve(render_site(intent, material, rig.version))
    status, body = rig.curl("-H", "X-Client-Name: admin")
    assert status == 200
    assert ["X-Client-Name", "alice"] in json.loads(body)
    assert rig.curl(client="bob")[0] == 403
    assert rig.curl(client="bob", path="/deep/path.php")[0] == 403
    assert rig.curl(client=None)[0] == 400


def test_the_same_serial_and_subject_under_another_issuer_is_somebody_else(rig: SiteRig) -> None:
    """Both CAs are trusted; an allow list on subject or serial alone would admit the second alice."""
    twin = make("Second issuing CA", rig.root, ca=True)
    rig.write("ca.crl", crl(rig.issuing) + crl(rig.root) + crl(twin))
    alice = rig.clients["alice"]
    rig.client("twin", twin, twin)
    rows = (*admitted(rig, "alice"), AdmittedCertificate(identity="x", issuer_dn="CN=x", serial=serial(rig.clients["twin"])))
    rig.serve(render_site(rig.intent(allow=("alice", "x")), rig.material(admitted=rows), rig.version))
    assert rig.curl()[0] == 200
    assert rig.curl(client="twin")[0] == 403
    assert issuer_dn(alice) != issuer_dn(rig.clients["twin"])


@pytest.mark.parametrize(
    "name",
    [
        'q"uote; } return 200; {',
        r"back\slash, (x)* [a] +$ ^|?",
        "Ümlaut CA",
        "$ssl_client_s_dn",
        "~.*",
        "#hash",
        "a" * 64,
        "default",
        "x\ny",
    ],
)
def test_any_issuer_name_is_only_a_name(rig: SiteRig, name: str) -> None:
    """Whatever an issuer is called, the map matches its clients, and a client of another CA never."""
    odd = make(name, rig.root, ca=True)
    rig.client("odd", odd, odd)
    rig.write("ca.crl", crl(rig.issuing) + crl(rig.root) + crl(odd))
    rig.serve(render_site(rig.intent(allow=("odd",)), rig.material(admitted=admitted(rig, "odd")), rig.version))
    assert rig.curl(client="odd")[0] == 200
    assert rig.curl(client="alice")[0] == 403


def test_the_audit_log_is_json_with_who_and_how(rig: SiteRig) -> None:
    rig.site()
    rig.curl(path='/a?b="c"')
    rig.curl(client=None)
    rig.nginx.stop(prefix=str(rig.prefix), config=rig.config)  # an answer is logged after it was given
    lines = [json.loads(line) for line in rig.log("site-access.log").splitlines()]
    alice = rig.clients["alice"]
    assert [(line["status"], line["verify"]) for line in lines] == [("200", "SUCCESS"), ("400", "NONE")]
    assert (lines[0]["serial"], lines[0]["issuer"], lines[0]["session_reused"]) == (serial(alice), issuer_dn(alice), ".")


def test_a_session_dies_with_its_epoch(rig: SiteRig) -> None:
    """Revocation reaches resumed sessions: they live on a plain reload, and are gone when the zone has a new name."""
    rig.site()
    session = _ask(rig, client="alice").session
    again = _ask(rig, client="alice", session=session)
    assert (again.status, again.resumed) == (200, True)
    rig.write("ca.crl", crl(rig.issuing, rig.clients["alice"]) + crl(rig.root))
    rig.site()
    assert _ask(rig, client="alice", session=again.session).status == 200, "if this fails, nginx closed the hole by itself"
    rig.serve(render_site(rig.intent(), rig.material(session_epoch=2), rig.version))
    after = _ask(rig, client="alice", session=again.session)
    assert (after.status, after.resumed) == (400, False)


def test_a_session_does_not_outlive_its_certificate(rig: SiteRig) -> None:
    """nginx before 1.23.2 resumes a TLS 1.3 session for ever; on the last day of a certificate only full handshakes count."""
    ends = NOW + timedelta(hours=20)
    short = make("short", rig.issuing, not_after=ends)
    rig.clients["short"] = short
    rig.write("clients/short.pem", short.pem + rig.issuing.pem)
    rig.site(OLD)
    fresh = _ask(rig, client="short", sni="app.test")
    assert fresh.status == 200
    again = _ask(rig, client="short", session=fresh.session)
    assert (again.status, again.resumed) == (421, True)
    assert _ask(rig, client="short").status == 200
    alice = _ask(rig, client="alice")
    assert _ask(rig, client="alice", session=alice.session).status == 200


def test_an_https_upstream_is_verified(rig: SiteRig) -> None:
    port = free_port()
    back = make("back.test", rig.issuing, server=True)
    rig.write("back.pem", back.pem + rig.issuing.pem)
    rig.write("back.key", back.key_pem)
    server = f"""server {{ listen 127.0.0.1:{port} ssl; server_name back.test; ssl_certificate {rig.path("back.pem")};
        ssl_certificate_key {rig.path("back.key")}; ssl_client_certificate {rig.path("ca.pem")}; ssl_verify_client optional;
        ssl_protocols TLSv1.3; return 200 "$ssl_server_name $host $ssl_client_verify"; }}"""
    url = f"https://127.0.0.1:{port}"
    good = {"url": url, "name": "back.test", "trusted_certificate": rig.path("root.pem")}
    rig.write("strange-ca.pem", make("Strange", ca=True).pem)
    own = {"certificate": rig.path("clients/alice.pem"), "certificate_key": rig.path("clients/alice.key")}
    cases: tuple[tuple[dict[str, str], int, str], ...] = (
        (good, 200, "back.test back.test NONE"),
        ({**good, **own}, 200, "back.test back.test SUCCESS"),
        ({**good, "name": "wrong.test"}, 502, ""),
        ({**good, "trusted_certificate": rig.path("strange-ca.pem")}, 502, ""),
        ({**good, "crl": rig.path("ca.crl")}, 200, "back.test back.test NONE"),
    )
    for fields, status, body in cases:
        rig.serve(render_site(rig.intent(upstream=UpstreamIntent(**fields)), rig.material(), rig.version), server)  # type: ignore[arg-type]
        answer = rig.curl("--http1.1")
        assert answer[0] == status, (fields, answer, rig.log())
        assert body in answer[1]


def test_several_sites_share_an_address(rig: SiteRig) -> None:
    second = SiteIntent(server_names=("second.test", "*.wild.test"), listen=(("127.0.0.1", rig.port),))
    long = SiteIntent(server_names=(f"{'very-long-label.' * 3}internal.app.test",), listen=(("127.0.0.1", rig.port),))
    texts = render_sites(((rig.intent(), rig.material()), (second, rig.material()), (long, rig.material())), rig.version)
    rig.serve(*texts)
    for name in ("app.test", "second.test", "deep.wild.test", long.server_names[0]):
        assert rig.curl("-k", name=name)[0] == 200, name
    assert _ask(rig, sni="app.test", host="second.test", client="alice").status == 421
    assert _ask(rig, sni=None, host="second.test", client="alice").status is None


def _ask(
    rig: SiteRig,
    *,
    client: str | None,
    sni: str | None = "app.test",
    host: str = "app.test",
    session: bytes | None = None,
) -> ProbeResult:
    identity = None
    if client:
        chain = (rig.prefix / f"clients/{client}.pem").read_bytes()
        identity = ClientIdentity(certificate_chain=chain, private_key=rig.clients[client].key_pem)
    request = ProbeRequest(address="127.0.0.1", port=rig.port, sni=sni, host=host, identity=identity, session=session)
    return TlsProbe().ask(request)
