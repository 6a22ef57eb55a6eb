"""`handclasp publish`: a plain nginx serves the folder, and another nginx asks it about its clients."""

import base64
import signal
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.app.crashpoint import VARIABLE
from handclasp.app.publish_answers import answer_path
from tests.ca_rig import Ca, openssl
from tests.nginx_rig import MAIN, free_port
from tests.serve.serve_rig import ask, curl, serving
from tests.serve.test_nginx_asks import asking
from tests.serve.test_serve import certificate, load, request_for
from tests.waiting import eventually


@contextmanager
def static(folder: Path, published: Path, more: str = "") -> Iterator[str]:
    """An nginx that knows nothing but the folder, and `more`."""
    for name in ("logs", "run"):
        (folder / name).mkdir(parents=True)
    port = free_port()
    config = folder / "nginx.conf"
    server = f'server {{ listen 127.0.0.1:{port}; include "{published}/nginx-locations.conf"; {more} }}'
    config.write_text(MAIN.format(http=server, user="user root;"))
    nginx = NginxProcess()
    nginx.start(prefix=str(folder), config=str(config))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.stop(prefix=str(folder), config=str(config))


def get(url: str, request: bytes, *options: str) -> ocsp.OCSPResponse:
    text = urllib.parse.quote(base64.b64encode(request).decode(), safe="")
    return ocsp.load_der_ocsp_response(curl(*options, f"{url}/ocsp/{text}"))


def test_nginx_serves_the_folder(ca: Ca, tmp_path: Path) -> None:
    published = tmp_path / "a folder"
    done = ca.json("publish", str(published))
    assert done["silent"] == []
    assert done["answers"] == done["signed"]
    again = ca.json("publish", str(published))
    assert (again["answers"], again["signed"], again["removed"]) == (done["answers"], 0, 0)
    with static(tmp_path / "static", published) as url:
        for name, word in (("alice", "GOOD"), ("mallory", "REVOKED")):
            for algorithm in ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"):
                request = request_for(ca, load(certificate(ca, name)).serial_number, algorithm=algorithm)
                assert get(url, request).certificate_status.name == word
        head = curl("-D", "-", "-o", tmp_path / "x.crl", f"{url}/crl/issuing.crl").decode().lower()
        assert "content-type: application/pkix-crl" in head
        assert "verify OK" in openssl(
            "crl", "-inform", "DER", "-in", tmp_path / "x.crl", "-CAfile", ca.home / "ca" / "bundle.pem"
        )
        assert curl(f"{url}/ca/chain.pem") == (ca.home / "ca" / "bundle.pem").read_bytes()
        assert b"SHA-256" in curl(f"{url}/")
        unknown = get(url, request_for(ca, 1234), "-D", str(tmp_path / "head"))
        assert unknown.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
        assert "content-type: application/ocsp-response" in (tmp_path / "head").read_text().lower()
        assert "max-age" not in (tmp_path / "head").read_text().lower()


def test_who_sends_post_is_passed_on(ca: Ca, tmp_path: Path) -> None:
    published = tmp_path / "pki"
    ca.run("publish", str(published))
    alice = certificate(ca, "alice")
    with serving(ca) as served:
        for more, words in (
            ("", "Error querying OCSP responder"),
            (f"location = /ocsp {{ proxy_pass {served.url}; }}", "alice/certificate.pem: good"),
        ):
            with static(tmp_path / words[:5], published, more) as url:
                assert words in ask(ca, url, alice)
                assert get(url, request_for(ca, load(alice).serial_number)).certificate_status.name == "GOOD"


def test_another_nginx_asks_the_static_one(ca: Ca, tmp_path: Path) -> None:
    published = tmp_path / "pki"
    ca.run("publish", str(published))
    with ExitStack() as stack:
        url = stack.enter_context(static(tmp_path / "static", published))
        site = stack.enter_context(asking(ca, tmp_path / "nginx", f"ssl_ocsp on; ssl_ocsp_responder {url}/ocsp;"))
        assert site.visit("alice") == "hello SUCCESS\n 200"
        assert site.visit("mallory").endswith(" 400")
        ca.run("revoke", "alice")
        done = ca.json("publish", str(published))
        assert done["signed"] == 2  # one for each hash, and nothing else
        eventually(lambda: site.visit("alice").endswith(" 400"))  # the static one keeps its files open for a second
        assert site.visit("bob") == "hello SUCCESS\n 200"


def test_a_request_that_ends_in_a_slash_is_found_too(ca: Ca, tmp_path: Path) -> None:
    """One request in 64 ends so in base64; nginx takes it for a folder."""
    table = tmp_path / "people.csv"
    table.write_text("name\n" + "".join(f"p{number}\n" for number in range(60)))
    serials: list[int] = []
    round_ = 0
    while not serials:
        round_ += 1
        ca.run("issue", "--from", str(table))
        found = (load(path).serial_number for path in ca.home.glob("identities/*/certificate.pem"))
        serials = [serial for serial in found if answer_path(request_for(ca, serial)).endswith("/index.ocsp")]
        table.write_text("name\n" + "".join(f"p{round_}-{number}\n" for number in range(60)))
        assert round_ < 20
    published = tmp_path / "pki"
    ca.run("publish", str(published))
    with static(tmp_path / "static", published) as url:
        assert get(url, request_for(ca, serials[0])).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_a_folder_of_somebody_else_is_left_alone(ca: Ca, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "index.html").write_text("mine")
    assert "somebody else" in ca.run("publish", str(tmp_path / "theirs"), expect=4).stderr
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["index.html"]
    assert ca.run("publish", str(tmp_path / "a;b"), expect=4).stderr
    assert not (tmp_path / "a;b").exists()


@pytest.mark.parametrize(
    "point", ["publish.lists-written", "publish.answers-written", "delegate.intent-durable", "delegate.recorded"]
)
def test_killed_anywhere_it_is_completed_by_the_next_run(ca: Ca, tmp_path: Path, point: str) -> None:
    published = tmp_path / "pki"
    process = ca.start("publish", str(published), env={VARIABLE: point})
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    done = ca.json("publish", str(published))
    assert done["silent"] == []
    request = request_for(ca, load(certificate(ca, "alice")).serial_number)
    answer = (published / "ocsp" / answer_path(request)).read_bytes()
    assert ocsp.load_der_ocsp_response(answer).certificate_status is ocsp.OCSPCertStatus.GOOD
    ca.run("audit")
    pending = subprocess.run(["find", ca.home, published, "-name", ".*.handclasp-new"], capture_output=True, check=True).stdout
    assert pending == b""


def test_the_responder_is_of_its_profile(ca: Ca, tmp_path: Path) -> None:
    ca.run("publish", str(tmp_path / "pki"))
    request = request_for(ca, load(certificate(ca, "alice")).serial_number)
    answer = ocsp.load_der_ocsp_response((tmp_path / "pki" / "ocsp" / answer_path(request)).read_bytes())
    (signer,) = answer.certificates
    assert not signer.extensions.get_extension_for_class(x509.OCSPNoCheck).critical
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert signer.not_valid_after_utc - signer.not_valid_before_utc < timedelta(days=31)
