"""ports.Probe against a real nginx, and beside curl and openssl as second opinions."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from handclasp.adapters.memory_wire import Wire
from handclasp.adapters.tls_client import connection
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.errors import InputError
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult, TlsVersion
from tests.nginx_rig import SERVER, Rig, crl, free_port, make

BOTH = pytest.mark.parametrize("tls", list(TlsVersion))


def ask(rig: Rig, **changes: object) -> ProbeResult:
    request = ProbeRequest(address="127.0.0.1", port=rig.port, sni="app.test", host="app.test", timeout=60)
    return TlsProbe().ask(replace(request, **changes))  # type: ignore[arg-type]


@pytest.fixture
def verifying(nginx_rig: Rig) -> Rig:
    nginx_rig.verifying()
    nginx_rig.start()
    return nginx_rig


@BOTH
def test_asked_and_sent_none(verifying: Rig, tls: TlsVersion) -> None:
    seen = ask(verifying, tls=tls)
    assert seen.certificate_requested
    assert seen.advertised_cas == ("CN=Test root",)
    assert (seen.status, seen.title, seen.tls) == (400, "400 No required SSL certificate was sent", tls)


@BOTH
def test_not_asked_is_told_apart_from_asked(nginx_rig: Rig, tls: TlsVersion) -> None:
    nginx_rig.site()
    nginx_rig.start()
    for identity in (None, nginx_rig.alice.identity()):
        seen = ask(nginx_rig, tls=tls, identity=identity)
        assert not seen.certificate_requested
        assert seen.advertised_cas == ()
        assert (seen.status, seen.body) == (200, b"hello NONE .\n")


@BOTH
def test_good_stranger_and_revoked(verifying: Rig, tls: TlsVersion) -> None:
    good = ask(verifying, tls=tls, identity=verifying.alice.identity())
    assert (good.status, good.error, good.alert) == (200, None, None)
    assert good.body == b"hello SUCCESS .\n"
    assert good.cipher
    stranger = ask(verifying, tls=tls, identity=verifying.stranger.identity())
    assert (stranger.status, stranger.title) == (400, "400 The SSL certificate error")
    verifying.write("root.crl", crl(verifying.root, verifying.alice))
    verifying.reload()
    assert ask(verifying, tls=tls, identity=verifying.alice.identity()).status == 400
    assert ask(verifying, tls=tls, identity=verifying.bob.identity()).status == 200


@BOTH
def test_a_session_is_resumed_in_another_process(verifying: Rig, tls: TlsVersion, tmp_path: Path) -> None:
    first = ask(verifying, tls=tls, identity=verifying.alice.identity())
    assert first.session
    assert not first.resumed
    saved = tmp_path / "session"
    saved.write_bytes(first.session)
    code = f"""
import json, pathlib
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.probe import ProbeRequest
seen = TlsProbe().ask(ProbeRequest(address="127.0.0.1", port={verifying.port}, sni="app.test", host="app.test",
                                   session=pathlib.Path({str(saved)!r}).read_bytes()))
print(json.dumps([seen.resumed, seen.status, seen.body.decode(), seen.tls, len(seen.presented_chain),
                  seen.certificate_requested]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [True, 200, "hello SUCCESS r\n", tls.value, 0, False]


@BOTH
def test_without_cache_and_tickets_there_is_no_session(nginx_rig: Rig, tls: TlsVersion) -> None:
    nginx_rig.verifying("ssl_session_tickets off; ssl_session_cache off;")
    nginx_rig.start()
    first = ask(nginx_rig, tls=tls, identity=nginx_rig.alice.identity())
    assert first.status == 200
    if first.session is not None:  # nginx hands out a TLS 1.3 ticket without meaning it
        assert not ask(nginx_rig, tls=tls, session=first.session).resumed


@BOTH
def test_a_revoked_client_keeps_its_session_unless_the_zone_is_renamed(nginx_rig: Rig, tls: TlsVersion) -> None:
    """The hole that `revoke` closes, seen with our own probe (facts: session resumption)."""
    nginx_rig.verifying("ssl_session_tickets off; ssl_session_cache shared:one:1m;")
    nginx_rig.start()
    held = ask(nginx_rig, tls=tls, identity=nginx_rig.alice.identity()).session
    assert held
    nginx_rig.write("root.crl", crl(nginx_rig.root, nginx_rig.alice))
    nginx_rig.reload()
    assert ask(nginx_rig, tls=tls, identity=nginx_rig.alice.identity()).status == 400
    still = ask(nginx_rig, tls=tls, session=held)
    assert (still.resumed, still.status) == (True, 200)
    nginx_rig.verifying("ssl_session_tickets off; ssl_session_cache shared:two:1m;")
    nginx_rig.reload()
    gone = ask(nginx_rig, tls=tls, session=held, identity=nginx_rig.alice.identity())
    assert (gone.resumed, gone.status) == (False, 400)


@BOTH
def test_alerts_in_the_handshake_and_after_it(nginx_rig: Rig, tls: TlsVersion) -> None:
    """Requiring a certificate in OpenSSL itself: TLS 1.2 fails in the handshake (40), TLS 1.3 on the first read (116)."""
    nginx_rig.verifying("ssl_conf_command VerifyMode Require;")
    nginx_rig.start()
    seen = ask(nginx_rig, tls=tls)
    assert seen.status is None
    assert seen.error
    assert seen.certificate_requested
    if tls is TlsVersion.TLS1_3:
        assert (seen.alert, seen.tls) == ("certificate_required (116)", "TLSv1.3")
    else:
        assert (seen.alert, seen.tls) == ("handshake_failure (40)", None)


def test_no_sni_and_unknown_sni_meet_a_closed_door(nginx_rig: Rig) -> None:
    closed = f"server {{ listen 127.0.0.1:{nginx_rig.port} ssl default_server; ssl_reject_handshake on; }}"
    nginx_rig.http(closed + SERVER.format(port=nginx_rig.port, name="app.test", tls="", word="hello"))
    nginx_rig.start()
    for sni in (None, "other.test"):
        assert ask(nginx_rig, sni=sni).alert == "unrecognized_name (112)"
    assert ask(nginx_rig).status == 200


def test_an_unwanted_protocol(nginx_rig: Rig) -> None:
    nginx_rig.site("ssl_protocols TLSv1.2;")
    nginx_rig.start()
    seen = ask(nginx_rig, tls=TlsVersion.TLS1_3)
    assert (seen.status, seen.alert) == (None, "protocol_version (70)")


def test_nginx_is_judged_only_when_asked(verifying: Rig) -> None:
    own, other = verifying.root.pem, make("Elsewhere", ca=True).pem
    assert ask(verifying).chain_error is None
    assert ask(verifying, trusted=own).chain_error is None
    assert ask(verifying, trusted=own, sni=None, host="127.0.0.1:8443").chain_error is None
    unknown = ask(verifying, trusted=other)
    assert (unknown.status, unknown.chain_error) == (400, "unable to get local issuer certificate")
    assert ask(verifying, trusted=own, sni="elsewhere.test").chain_error == "hostname mismatch"
    presented = ask(verifying).presented_chain
    assert presented == (x509.load_pem_x509_certificate(verifying.server.pem).public_bytes(_DER),)


def test_the_client_chain_is_sent_exactly_as_given(nginx_rig: Rig) -> None:
    """What arrives is counted by a server that is not nginx; a trust store must not add to it, nor a wrong order be mended."""
    with _recorder(nginx_rig) as (port, received):
        identity = ClientIdentity(
            certificate_chain=nginx_rig.alice.pem + nginx_rig.stranger.pem + nginx_rig.bob.pem,
            private_key=nginx_rig.alice.key_pem,
        )
        for chain, count in ((identity, 3), (nginx_rig.alice.identity(), 1)):
            seen = ask(nginx_rig, port=port, identity=chain, trusted=nginx_rig.root.pem, tls=TlsVersion.TLS1_2)
            assert seen.body == b"ok"
            assert received.pop() == count


@contextmanager
def _recorder(rig: Rig) -> Iterator[tuple[int, list[int]]]:
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(rig.server.certificate)
    context.use_privatekey(rig.server.key)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    received: list[int] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve() -> None:
            for _ in range(2):
                plain, _peer = listening.accept()
                with plain:
                    tls = SSL.Connection(context, plain)
                    tls.set_accept_state()
                    tls.do_handshake()
                    chain = tls.get_peer_cert_chain() or []
                    received.append(1 + len(chain))  # on the server's side OpenSSL leaves the leaf out of the chain
                    tls.recv(4096)
                    tls.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    tls.shutdown()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], received
        thread.join(60)


def test_headers_host_and_path(nginx_rig: Rig) -> None:
    server = SERVER.replace('"{word} $ssl_client_verify', '"$host $request_uri $http_x_probe')
    nginx_rig.http(server.format(port=nginx_rig.port, name="app.test", tls="", word=""))
    nginx_rig.start()
    seen = ask(nginx_rig, host="app.test:8443", path="/a?b=c", headers=(("X-Probe", "yes"),))
    assert seen.body == b"app.test /a?b=c yes .\n"
    assert dict(seen.headers)["Server"].startswith("nginx/")


@pytest.mark.parametrize(
    "changes", [{"host": "a\r\nX: y"}, {"path": "/a b"}, {"headers": (("X", "a\nb"),)}, {"session": b"no"}]
)
def test_what_cannot_be_asked_is_refused(nginx_rig: Rig, changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ask(nginx_rig, **changes)


def test_unusable_certificates_and_keys_are_refused(nginx_rig: Rig) -> None:
    good = nginx_rig.alice.identity()
    for bad in (
        replace(good, private_key=nginx_rig.bob.key_pem),
        replace(good, private_key=b"nonsense"),
        replace(good, certificate_chain=b""),
    ):
        with pytest.raises(InputError):
            ask(nginx_rig, identity=bad)


def test_a_port_that_answers_nothing_is_not_waited_for_ever() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        seen = TlsProbe().ask(ProbeRequest(address="127.0.0.1", port=mute.getsockname()[1], sni=None, host="x", timeout=0.3))
    assert seen.error == "no answer within 0.3 s"
    assert not seen.certificate_requested


@pytest.mark.parametrize("moment", ["on_info", "on_verify"])
def test_an_interruption_amid_the_handshake_is_heard(verifying: Rig, moment: str) -> None:
    """What a signal's handler raises within a callback of OpenSSL's is dropped: Ctrl-C would be as if never pressed."""

    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    request = ProbeRequest(
        address="127.0.0.1", port=verifying.port, sni="app.test", host="app.test", timeout=5, trusted=verifying.stranger.pem
    )
    hooks = {"on_info": lambda *_: None, "on_verify": lambda _: None, moment: interrupt}
    tls = connection(request, **hooks)  # type: ignore[arg-type]
    before = signal.getsignal(signal.SIGINT)
    with Wire(tls, request.address, request.port, request.timeout) as wire, pytest.raises(KeyboardInterrupt):
        wire.do(tls.do_handshake)
    assert signal.getsignal(signal.SIGINT) is before


def test_nobody_there_and_plain_http(nginx_rig: Rig) -> None:
    refused = TlsProbe().ask(ProbeRequest(address="127.0.0.1", port=free_port(), sni=None, host="x"))
    assert "refused" in (refused.error or "")
    port = free_port()
    nginx_rig.http(f"server {{ listen 127.0.0.1:{port}; return 200 plain; }}")
    nginx_rig.start()
    plain = TlsProbe().ask(ProbeRequest(address="127.0.0.1", port=port, sni=None, host="x"))
    assert plain.error
    assert (plain.status, plain.tls) == (None, None)


def test_a_long_and_a_chunked_answer_are_cut(nginx_rig: Rig) -> None:
    nginx_rig.write("big.html", "<title>Big &amp; long</title>" + "x" * 300_000)
    nginx_rig.http(
        f"server {{ listen 127.0.0.1:{nginx_rig.port} ssl; server_name app.test; ssl_certificate server.pem;"
        f" ssl_certificate_key server.key; root {nginx_rig.prefix};"
        f" location /ssi {{ ssi on; ssi_types *; alias {nginx_rig.prefix}; }} }}"
    )
    nginx_rig.start()
    for path in ("/big.html", "/ssi/big.html"):
        seen = ask(nginx_rig, path=path)
        assert (seen.status, seen.title, len(seen.body)) == (200, "Big & long", 65536)
        assert seen.error is None


@BOTH
@pytest.mark.parametrize("who", ["none", "alice", "stranger"])
def test_curl_sees_the_same(verifying: Rig, who: str, tls: TlsVersion) -> None:
    issued = {"alice": verifying.alice, "stranger": verifying.stranger}.get(who)
    seen = ask(verifying, identity=issued.identity() if issued else None, tls=tls, trusted=verifying.root.pem)
    argv = ["curl", "-sv", "--cacert", f"{verifying.prefix}/root.pem", "--resolve", f"app.test:{verifying.port}:127.0.0.1"]
    argv += ["--tlsv1.3"] if tls is TlsVersion.TLS1_3 else ["--tls-max", "1.2"]
    if issued:
        for name, content in (("c.pem", issued.pem), ("c.key", issued.key_pem)):
            verifying.write(name, content)
        argv += ["--cert", f"{verifying.prefix}/c.pem", "--key", f"{verifying.prefix}/c.key"]
    ran = subprocess.run([*argv, f"https://app.test:{verifying.port}/"], check=False, capture_output=True, timeout=60)
    said = ran.stderr.decode()
    status = re.search(r"< HTTP/1.1 (\d+)", said)
    assert status
    assert int(status[1]) == seen.status
    assert ran.stdout == seen.body
    assert ("Request CERT" in said) == seen.certificate_requested
    assert f"SSL connection using {seen.tls} / {seen.cipher}" in said
    assert (seen.chain_error is None) == ("SSL certificate verify ok" in said)


def test_the_key_is_never_in_a_file_or_argv(verifying: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in {"open", "subprocess.Popen", "os.exec", "os.posix_spawn"}:
            opened.append((event, arguments[0]))

    watching = False
    sys.addaudithook(note)
    watching = True
    assert ask(verifying, identity=verifying.alice.identity()).status == 200
    watching = False
    assert [event for event in opened if "Popen" in str(event) or "key" in str(event)] == []


_DER = __import__("cryptography.hazmat.primitives.serialization", fromlist=["Encoding"]).Encoding.DER
assert ssl.HAS_TLSv1_3
