"""`handclasp serve` asked by OpenSSL, GnuTLS and curl."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from handclasp.pki.ocsp_request import cert_id, write_request
from tests.ca_rig import Ca, openssl
from tests.serve.serve_rig import Served, ask, curl, serving, status
from tests.waiting import eventually


def certificate(ca: Ca, name: str) -> Path:
    return ca.identity(name, "certificate.pem")


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def request_for(ca: Ca, serial: int, *, issuer: str = "issuing", algorithm: str = "1.3.14.3.2.26") -> bytes:
    return write_request(cert_id(load(ca.home / "ca" / f"{issuer}.pem"), serial, algorithm).encoded)


def post(served: Served, body: bytes, tmp_path: Path, *options: str) -> bytes:
    file = tmp_path / "request.der"
    file.write_bytes(body)
    kind = "content-type: application/ocsp-request"
    return curl("-H", kind, "--data-binary", f"@{file}", *options, f"{served.url}/ocsp")


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
def test_openssl_hears_good_and_revoked(shared: Ca, served: Served, digest: str, nonce: str) -> None:
    # -cert uses the digest that was named before it
    for name, word in (("alice", "good"), ("mallory", "revoked")):
        said = openssl(
            "ocsp", digest, "-issuer", shared.home / "ca" / "issuing.pem", "-cert", certificate(shared, name), nonce,
            "-url", f"{served.url}/ocsp", "-CAfile", shared.home / "ca" / "bundle.pem",
        )  # fmt: skip
        assert "Response verify OK" in said
        assert f"certificate.pem: {word}" in said
        assert ("Reason: keyCompromise" in said) == (word == "revoked")
        assert "WARNING" not in said, said


def test_the_issuing_ca_is_good_says_the_root_s_responder(shared: Ca, served: Served) -> None:
    said = ask(shared, served.url, shared.home / "ca" / "issuing.pem", issuer="root")
    assert "Response verify OK" in said
    assert "issuing.pem: good" in said


def test_several_certificates_in_one_request(shared: Ca, served: Served) -> None:
    said = ask(
        shared, served.url, certificate(shared, "alice"), "-cert", str(certificate(shared, "mallory")), "-serial", "0x1234"
    )
    assert "Response verify OK" in said
    assert "alice/certificate.pem: good" in said
    assert "mallory/certificate.pem: revoked" in said
    assert "0x1234: unknown" in said


@pytest.mark.parametrize(("name", "word"), [("alice", "good"), ("mallory", "revoked")])
def test_gnutls_hears_the_same(shared: Ca, served: Served, name: str, word: str) -> None:
    issuing = shared.home / "ca" / "issuing.pem"
    done = subprocess.run(
        ["ocsptool", f"--ask={served.url}/ocsp", "--load-cert", certificate(shared, name), "--load-issuer", issuing,
         "--load-trust", shared.home / "ca" / "bundle.pem"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert f"Certificate Status: {word}" in done.stdout, done.stdout + done.stderr
    assert "Signature Algorithm: ECDSA-SHA256" in done.stdout
    assert "Verifying OCSP Response: Success" in done.stdout, done.stdout + done.stderr


def test_get_with_cache_headers_and_304(shared: Ca, served: Served, tmp_path: Path) -> None:
    data = request_for(shared, load(certificate(shared, "alice")).serial_number)
    text = base64.b64encode(data).decode()
    url = f"{served.url}/ocsp/{urllib.parse.quote(text, safe='')}"
    head = curl("-D", "-", "-o", tmp_path / "answer.der", url).decode().lower()
    assert "content-type: application/ocsp-response" in head
    assert "cache-control: max-age=60, public, no-transform, must-revalidate" in head
    assert "last-modified:" in head
    assert "expires:" in head
    assert "server:" not in head
    etag = next(line.partition(": ")[2].strip() for line in head.splitlines() if line.startswith("etag"))
    assert status(url, "-H", f"If-None-Match: {etag}") == 304
    assert status(url, "-H", "If-None-Match: *") == 304
    assert status(url, "-H", f'If-None-Match: "other", W/{etag}') == 304
    assert status(url, "-H", 'If-None-Match: "other"') == 200
    found = ocsp.load_der_ocsp_response((tmp_path / "answer.der").read_bytes())
    assert found.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert found.next_update_utc is not None
    # the same, base64 not URL-encoded, as some clients send it
    assert curl("--path-as-is", f"{served.url}/ocsp/{text}") == (tmp_path / "answer.der").read_bytes()


def test_foreign_issuers_are_unauthorized_and_serials_never_issued_unknown(shared: Ca, served: Served, tmp_path: Path) -> None:
    certificate_of_app = load(certificate(shared, "app.test"))
    foreign = write_request(cert_id(certificate_of_app, 1).encoded)  # an end entity is no issuer
    answer = ocsp.load_der_ocsp_response(post(served, foreign, tmp_path))
    assert answer.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    # a serial of the issuing CA, asked of the root
    alice = load(certificate(shared, "alice")).serial_number
    asked = ocsp.load_der_ocsp_response(post(served, request_for(shared, alice, issuer="root"), tmp_path))
    assert asked.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("body", [b"", b"\x30\x00", b"0" * 300, b"\x30" * 20_000, b"\xff" * 5])
def test_malformed_requests_get_the_standard_s_error(served: Served, tmp_path: Path, body: bytes) -> None:
    answer = ocsp.load_der_ocsp_response(post(served, body, tmp_path))
    assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_wrong_methods_types_and_paths(shared: Ca, served: Served) -> None:
    assert status(f"{served.url}/ocsp", "-X", "PUT") == 405
    assert status(f"{served.url}/ocsp", "-d", "x=1") == 415
    assert status(f"{served.url}/ocsp/%25%25%25") == 200
    assert status(f"{served.url}/api/v1/certificates") == 404
    assert status(f"{served.url}/ca/../registry.sqlite", "--path-as-is") == 404
    assert status(f"{served.url}/ca/issuing.crt", "-X", "POST") == 405
    assert status(f"{served.url}/" + "a" * 40_000) == 404


def test_crls_and_certificates(shared: Ca, served: Served, tmp_path: Path) -> None:
    curl("-o", tmp_path / "issuing.crl", f"{served.url}/crl/issuing.crl")
    said = openssl(
        "crl", "-inform", "DER", "-in", tmp_path / "issuing.crl", "-CAfile", shared.home / "ca" / "bundle.pem", "-text"
    )
    assert "verify OK" in said
    assert f"{load(certificate(shared, 'mallory')).serial_number:X}" in said.replace(":", "")
    assert curl(f"{served.url}/crl/all.pem") == (shared.home / "ca" / "crl.pem").read_bytes()
    assert curl(f"{served.url}/ca/chain.pem") == (shared.home / "ca" / "bundle.pem").read_bytes()
    head = curl("-D", "-", "-o", tmp_path / "ca.crt", f"{served.url}/ca/issuing.crt").decode().lower()
    assert "content-type: application/pkix-cert" in head
    assert x509.load_der_x509_certificate((tmp_path / "ca.crt").read_bytes()) == load(shared.home / "ca" / "issuing.pem")
    assert status(f"{served.url}/crl/nobody.crl") == 404


def test_the_page_shows_fingerprints_in_two_languages(shared: Ca, served: Served) -> None:
    expected = openssl("x509", "-in", shared.home / "ca" / "root.pem", "-noout", "-fingerprint", "-sha256").partition("=")[2]
    assert expected.strip() in curl(f"{served.url}/").decode()
    assert "证书颁发机构" in curl("-H", "Accept-Language: zh-CN", f"{served.url}/").decode()


def test_health_ready_and_metrics(served: Served) -> None:
    assert status(f"{served.url}/health") == 200
    assert json.loads(curl(f"{served.url}/ready")) == {"ready": True, "reasons": []}
    text = curl(f"{served.url}/metrics").decode()
    assert 'handclasp_certificates{status="good"} 3' in text
    assert 'handclasp_certificates{status="revoked"} 1' in text
    assert 'handclasp_crl_seconds_left{ca="root"}' in text
    assert status(f"{served.url}/metrics", "-H", "X-Forwarded-For: 127.0.0.1") == 404


def test_a_revocation_shows_in_the_next_answer_and_crl(ca: Ca, tmp_path: Path) -> None:
    with serving(ca) as served:
        alice = load(certificate(ca, "alice")).serial_number
        bob = certificate(ca, "bob")
        url = f"{served.url}/ocsp/{urllib.parse.quote(base64.b64encode(request_for(ca, alice)).decode(), safe='')}"
        assert ocsp.load_der_ocsp_response(curl(url)).certificate_status is ocsp.OCSPCertStatus.GOOD
        before = curl(f"{served.url}/crl/issuing.crl")
        ca.run("revoke", "alice", "--reason", "certificateHold")
        answer = ocsp.load_der_ocsp_response(curl(url))
        assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert answer.revocation_reason is x509.ReasonFlags.certificate_hold
        assert curl(f"{served.url}/crl/issuing.crl") != before
        assert "good" in ask(ca, served.url, bob)
        assert served.stop() == 0


def test_a_registry_that_was_moved_away_is_never_answered_from(ca: Ca) -> None:
    """A process that has the old file open would not hear of what is revoked in the new one."""
    registry, aside = ca.home / "registry.sqlite", ca.home / "aside"
    with serving(ca) as served:
        assert "certificate.pem: good" in ask(ca, served.url, certificate(ca, "alice"))
        registry.rename(aside)
        for there in (False, True):  # gone; then another file in its place
            if there:
                shutil.copy(aside, registry)
            eventually(lambda: "trylater" in ask(ca, served.url, certificate(ca, "alice")).lower())
            assert [status(f"{served.url}{path}") for path in ("/health", "/ready", "/crl/issuing.crl")] == [200, 503, 503]
        aside.replace(registry)
        assert "certificate.pem: good" in ask(ca, served.url, certificate(ca, "alice"))
        assert status(f"{served.url}/ready") == 200


def test_a_new_certificate_is_good_at_once(ca: Ca) -> None:
    with serving(ca) as served:
        ca.run("issue", "carol")
        assert "carol/certificate.pem: good" in ask(ca, served.url, certificate(ca, "carol"))


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX-",
        b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\nContent-Length: 80\r\n\r\n0",
        b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\nContent-Length: 8000\r\n\r\n0",
    ],
)
def test_a_slow_client_is_let_go_and_others_are_served(served: Served, beginning: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as slow:
        slow.sendall(beginning)
        started = time.monotonic()
        assert status(f"{served.url}/health") == 200
        slow.settimeout(120)
        said = b""
        while part := slow.recv(1000):
            said += part
        assert said == b"" or said.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started > 5


def test_an_endless_header_is_cut_off(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as flood:
        flood.settimeout(120)
        flood.sendall(b"GET /health HTTP/1.1\r\nX-Long: ")
        with pytest.raises(OSError, match=r"\w"):
            flood.sendall(b"a" * 50_000_000)


def test_an_address_that_is_taken(ca: Ca, served: Served) -> None:
    assert "cannot listen" in ca.run("serve", "--listen", f"127.0.0.1:{served.port}", expect=5).stderr
    assert "no address" in ca.run("serve", "--listen", "here", expect=2).stderr


def test_responders_are_made_once_and_hidden_from_the_list(shared: Ca, served: Served) -> None:
    assert "OCSP" not in shared.run("list").stdout
    assert served.process.poll() is None
    assert shared.run("status").returncode == 0
    assert "is a CA or its responder" in shared.run("renew", "issuing OCSP responder", expect=4).stderr
    assert "for CAs and their responders" in shared.run("issue", "eve", "--profile", "ocsp", expect=4).stderr


def raw(port: int, requests: bytes, count: int) -> list[bytes]:
    """Whole answers to requests that are sent in one piece."""
    answers: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port)) as talk:
        talk.settimeout(120)
        talk.sendall(requests)
        stream = talk.makefile("rb")
        for _ in range(count):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += stream.readline()
            length = next(int(line.split()[1]) for line in head.lower().splitlines() if line.startswith(b"content-length"))
            answers.append(head + stream.read(length))
    return answers


def test_known_answers_on_the_short_way_are_those_of_the_long_way(shared: Ca, served: Served) -> None:
    """An Upgrade header keeps a request off the short way; so does an ordinary one before it on the same connection."""
    data = request_for(shared, load(certificate(shared, "alice")).serial_number)
    path = b"/ocsp/" + urllib.parse.quote(base64.b64encode(data).decode(), safe="").encode()
    get = b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n@@\r\n"
    post_head = b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\n@@Content-Length: "
    post = post_head + str(len(data)).encode() + b"\r\n\r\n" + data
    special = b"Upgrade: nothing\r\n"
    closing = [plain.replace(b"@@", b"Connection: close\r\n@@") for plain in (get, post)]
    older = [plain.replace(b"HTTP/1.1", b"HTTP/1.0") for plain in (get, post)]
    for plain in (get, post, *closing, *older):
        raw(served.port, plain.replace(b"@@", b""), 1)  # from the second time on the octets are known
        short, long = raw(served.port, plain.replace(b"@@", b""), 1)[0], raw(served.port, plain.replace(b"@@", special), 1)[0]
        assert sorted(short.partition(b"\r\n\r\n")[0].splitlines()) == sorted(long.partition(b"\r\n\r\n")[0].splitlines())
        assert short.partition(b"\r\n\r\n")[2] == long.partition(b"\r\n\r\n")[2]
    unknown = write_request(cert_id(load(shared.home / "ca" / "issuing.pem"), 99).encoded)
    other = post_head.replace(b"@@", b"") + str(len(unknown)).encode() + b"\r\n\r\n" + unknown
    short_get = get.replace(b"@@", b"")
    mixed = raw(
        served.port, short_get + other + post.replace(b"@@", b"") + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" + short_get, 5
    )
    words = [ocsp.load_der_ocsp_response(one.partition(b"\r\n\r\n")[2]).certificate_status.name for one in mixed[:3]]
    assert words == ["GOOD", "UNKNOWN", "GOOD"]
    assert mixed[3].endswith(b"alive\n")
    assert mixed[4].partition(b"\r\n\r\n")[2] == mixed[0].partition(b"\r\n\r\n")[2]


def test_a_body_that_comes_in_pieces_is_one_request(shared: Ca, served: Served) -> None:
    data = request_for(shared, load(certificate(shared, "alice")).serial_number)
    head = f"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\nContent-Length: {len(data)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port)) as talk:
        talk.settimeout(120)
        for part in (head.encode(), data[:10], data[10:50], data[50:]):
            talk.sendall(part)
            time.sleep(0.05)
        answer = talk.recv(10_000)
    assert ocsp.load_der_ocsp_response(answer.partition(b"\r\n\r\n")[2]).certificate_status.name == "GOOD"
