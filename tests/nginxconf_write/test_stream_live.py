"""Sites of stream{} and gRPC services behind client certificates, knocked at on a real nginx."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from handclasp.model.errors import PolicyError
from handclasp.model.intent import AdmittedCertificate, OcspIntent, PathIntent, RateIntent, SiteIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.render import render_site, render_sites
from handclasp.nginxconf.render_main import render_main
from tests.nginx_rig import NOW, free_port, make
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial
from tests.waiting import logged

OLD = NginxVersion(1, 18, 0)


@contextmanager
def shouting(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A service that says back in capitals what it is told, over TLS if given a context; its port."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    plain, _ = door.accept()
                except OSError:
                    return
                with plain:
                    try:
                        talk = context.wrap_socket(plain, server_side=True) if context else plain
                        talk.sendall(talk.recv(100).upper())
                        talk.close()
                    except OSError:
                        continue  # a health check, or a peer that did not trust us

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)
    thread.join()


def stream(rig: SiteRig, text: str) -> None:
    """Serve a text of stream{}."""
    rig.write("streams/0.conf", text)
    build = rig.nginx.build()
    loaded = (f"{build.modules_path}/ngx_stream_module.so",) if "ngx_stream_module" in build.dynamic_modules else ()
    rig.write("nginx.conf", render_main(str(rig.prefix), user="root", stream="streams/*.conf", modules=loaded))
    tested = rig.nginx.test(prefix=str(rig.prefix), config=rig.config)
    assert tested.ok, tested.output
    assert "[warn]" not in tested.output
    if rig.nginx.running(prefix=str(rig.prefix), config=rig.config):
        rig.nginx.reload(prefix=str(rig.prefix), config=rig.config)
    else:
        rig.nginx.start(prefix=str(rig.prefix), config=rig.config)


def say(rig: SiteRig, client: str | None) -> str:
    """What comes back for "hello"; "" when the connection is cut."""
    context = ssl.create_default_context(cafile=rig.path("root.pem"))
    if client:
        context.load_cert_chain(rig.path(f"clients/{client}.pem"), rig.path(f"clients/{client}.key"))
    with socket.create_connection(("127.0.0.1", rig.port), timeout=60) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="app.test") as talk:
                talk.sendall(b"hello")
                return talk.recv(100).decode()
        except (ssl.SSLError, ConnectionError):
            return ""


def say_again(rig: SiteRig, client: str) -> tuple[str, str]:
    """What comes back for "hello", first, and in a connection that resumes the session of the first."""
    context = ssl.create_default_context(cafile=rig.path("root.pem"))
    context.load_cert_chain(rig.path(f"clients/{client}.pem"), rig.path(f"clients/{client}.key"))
    said, session = [], None
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", rig.port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="app.test", session=session) as talk,
        ):
            assert talk.session_reused is (session is not None)
            try:
                talk.sendall(b"hello")
                said.append(talk.recv(100).decode())
            except (ssl.SSLError, ConnectionError):
                said.append("")
                continue
            if session is None:
                session = talk.session
                assert talk.recv(1) == b""  # nginx ends it: had we ended it first, it would not have said so
                talk.unwrap()  # a session whose connection ends without close_notify is dropped from the cache
    return said[0], said[1]


def admitted(rig: SiteRig, *names: str) -> tuple[AdmittedCertificate, ...]:
    return tuple(
        AdmittedCertificate(identity=name, issuer_dn=issuer_dn(rig.clients[name]), serial=serial(rig.clients[name]))
        for name in names
    )


def text(rig: SiteRig, upstream: UpstreamIntent, *names: str, version: NginxVersion | None = None, **intent: object) -> str:
    site = rig.intent(upstream=upstream, allow=names or None, **intent)
    return render_site(site, rig.material(admitted=admitted(rig, *names)), version or rig.version)


@pytest.mark.parametrize("version", [None, OLD], ids=["this nginx", "text for 1.18"])
def test_bytes_for_clients_only(rig: SiteRig, version: NginxVersion | None) -> None:
    with shouting() as port:
        upstream = UpstreamIntent(url=f"tcp://127.0.0.1:{port}")
        stream(rig, text(rig, upstream, version=version))
        assert [say(rig, who) for who in ("alice", "bob", None, "stranger", "mallory")] == ["HELLO", "HELLO", "", "", ""]
        stream(rig, text(rig, upstream, "alice", version=version))
        assert [say(rig, who) for who in ("alice", "bob", None, "stranger", "mallory")] == ["HELLO", "", "", "", ""]
    logged(rig.prefix / "logs/site-access.log", '"verify":"SUCCESS"')  # when the session is over


@pytest.mark.parametrize("kept", [(), ("alice", "short")], ids=["all of the CA", "a list"])
def test_a_session_does_not_outlive_its_certificate(rig: SiteRig, kept: tuple[str, ...]) -> None:
    """nginx before 1.23.2 resumes a TLS 1.3 session for ever: on the last day of a certificate no session counts."""
    short = make("short", rig.issuing, not_after=NOW + timedelta(hours=20))
    rig.clients["short"] = short
    rig.write("clients/short.pem", short.pem + rig.issuing.pem)
    rig.write("clients/short.key", short.key_pem)
    with shouting() as port:
        stream(rig, text(rig, UpstreamIntent(url=f"tcp://127.0.0.1:{port}"), *kept, version=OLD))
        assert say_again(rig, "short") == ("HELLO", "")
        assert say_again(rig, "alice") == ("HELLO", "HELLO")


def test_the_service_is_verified_and_verifies_nginx(rig: SiteRig) -> None:
    service, front = make("db.test", rig.issuing, server=True), make("front", rig.issuing)
    rig.write("db.pem", service.pem + rig.issuing.pem)
    rig.write("db.key", service.key_pem)
    rig.write("front.pem", front.pem + rig.issuing.pem)
    rig.write("front.key", front.key_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=rig.path("ca.pem"))
    context.load_cert_chain(rig.path("db.pem"), rig.path("db.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    with shouting(context) as port:
        good = UpstreamIntent(
            url=f"tls://127.0.0.1:{port}",
            trusted_certificate=rig.path("root.pem"),
            name="db.test",
            certificate=rig.path("front.pem"),
            certificate_key=rig.path("front.key"),
        )
        stream(rig, text(rig, good))
        assert [say(rig, "alice"), say(rig, None)] == ["HELLO", ""]
        stream(rig, text(rig, replace(good, name="other.test")))
        assert say(rig, "alice") == ""
        stream(rig, text(rig, replace(good, certificate=None, certificate_key=None), "alice"))
        assert say(rig, "alice") == ""


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (None, {"paths": (PathIntent(path="/a"),)}),
        (None, {"free_from": ("any",)}),
        (None, {"rate": RateIntent(clients="1r/s")}),
        (OLD, {"ocsp": OcspIntent(responder="http://127.0.0.1:1")}),
    ],
)
def test_what_a_stream_cannot_do_is_refused(rig: SiteRig, version: NginxVersion | None, wanted: dict[str, object]) -> None:
    with pytest.raises(PolicyError):
        text(rig, UpstreamIntent(url="tcp://127.0.0.1:5432"), version=version, **wanted)


def test_a_stream_has_its_address_for_itself(rig: SiteRig) -> None:
    bytes_ = rig.intent(server_names=("db.test",), upstream=UpstreamIntent(url="tcp://127.0.0.1:5432"))
    with pytest.raises(PolicyError, match="one of them gets bytes"):
        render_sites([(rig.intent(), rig.material()), (bytes_, rig.material())], rig.version)


GRPC = """
server {{
    listen 127.0.0.1:{port}{option};
    {directive}
    {tls}
    location / {{ return 200 "dn=$http_x_client_dn verify=$http_x_client_verify host=$host by=$ssl_client_s_dn\\n"; }}
}}
"""


def grpc_service(rig: SiteRig, port: int, tls: str = "") -> str:
    """A service that speaks HTTP/2, as this nginx wants that said."""
    new = rig.version >= NginxVersion(1, 25, 1)
    option = (" ssl" if tls else "") + ("" if new else " http2")
    return GRPC.format(port=port, option=option, directive="http2 on;" if new else "", tls=tls)


@pytest.mark.parametrize("version", [None, OLD], ids=["this nginx", "text for 1.18"])
def test_grpc_services_learn_who_calls(rig: SiteRig, version: NginxVersion | None) -> None:
    port = free_port()
    site = rig.intent(upstream=UpstreamIntent(url=f"grpc://127.0.0.1:{port}"))
    made = render_site(site, rig.material(), version or rig.version)
    rig.serve(made, grpc_service(rig, port), foreign=version is not None)
    status, body = rig.curl("--http2", "-H", "X-Client-DN: CN=admin", "-H", "content-type: application/grpc")
    assert (status, "dn=CN=alice verify=SUCCESS" in body) == (200, True)
    # gRPC clients take a 400 for an internal error, and a 401 for what it is.
    assert rig.curl("--http2", client=None)[0] == 401
    assert rig.curl("--http2", client="mallory")[0] == 401


def test_grpc_over_tls_is_verified(rig: SiteRig) -> None:
    port, service, front = free_port(), make("rpc.test", rig.issuing, server=True), make("front", rig.issuing)
    rig.write("rpc.pem", service.pem + rig.issuing.pem)
    rig.write("rpc.key", service.key_pem)
    rig.write("front.pem", front.pem + rig.issuing.pem)
    rig.write("front.key", front.key_pem)
    tls = (
        f"ssl_certificate {rig.path('rpc.pem')}; ssl_certificate_key {rig.path('rpc.key')};"
        f" ssl_client_certificate {rig.path('ca.pem')}; ssl_verify_client on;"
    )
    upstream = UpstreamIntent(
        url=f"grpcs://127.0.0.1:{port}",
        trusted_certificate=rig.path("root.pem"),
        name="rpc.test",
        certificate=rig.path("front.pem"),
        certificate_key=rig.path("front.key"),
    )
    behind = grpc_service(rig, port, tls)
    rig.serve(render_site(rig.intent(upstream=upstream), rig.material(), rig.version), behind)
    status, body = rig.curl("--http2")
    assert (status, "host=rpc.test by=CN=front" in body) == (200, True)
    other = UpstreamIntent(url=upstream.url, trusted_certificate=rig.path("root.pem"), name="elsewhere.test")
    rig.serve(render_site(rig.intent(upstream=other), rig.material(), rig.version), behind)
    assert rig.curl("--http2")[0] == 502


def test_a_policy_of_ones_own(rig: SiteRig) -> None:
    rig.site(tls="own", protocols=("TLSv1.2",), ciphers=("ECDHE-ECDSA-AES256-GCM-SHA384",))
    assert rig.curl("--tls-max", "1.2")[0] == 200
    assert rig.curl("--tlsv1.3")[0] == 0
    assert rig.curl("--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")[0] == 0


@pytest.mark.parametrize(
    ("protocols", "ciphers"),
    [
        ((), ("ECDHE-ECDSA-AES256-GCM-SHA384",)),
        (("TLSv1",), ("ECDHE-ECDSA-AES256-GCM-SHA384",)),
        (("TLSv1.2",), ()),
        (("TLSv1.3",), ("ECDHE-ECDSA-AES256-GCM-SHA384",)),
        (("TLSv1.2",), ("ECDHE-RSA-NULL-SHA",)),
        (("TLSv1.2",), ("ALL:@SECLEVEL=0",)),
        (("TLSv1.2",), ("DES-CBC3-SHA",)),
    ],
)
def test_policies_that_are_refused(protocols: tuple[str, ...], ciphers: tuple[str, ...], rig: SiteRig) -> None:
    site = SiteIntent(server_names=("a.test",), listen=(("*", 443),), tls="own", protocols=protocols, ciphers=ciphers)
    with pytest.raises(PolicyError):
        render_site(site, rig.material(), rig.version)
