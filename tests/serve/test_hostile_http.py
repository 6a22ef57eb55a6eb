"""HTTP as nobody should speak it, at the plain door and over TLS: the standard's answer, and no other client notices."""

import base64
import re
import socket
import ssl
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress

import pytest
from cryptography.x509 import ocsp

from handclasp.server.patience import MOST_PIPELINED
from tests.ca_rig import Ca, copied
from tests.serve.serve_rig import Served, serving, status
from tests.serve.test_serve import certificate, load, request_for

KIND = b"Content-Type: application/ocsp-request\r\n"
MALFORMED = "malformed"


class Rig:
    """Both doors of one server, and a question that it knows."""

    def __init__(self, ca: Ca, served: Served) -> None:
        self.served = served
        self.question = request_for(ca, load(certificate(ca, "alice")).serial_number)
        self.tls_port = int(re.findall(r":(\d+)/", served.document["api"])[0])
        self.context = ssl.create_default_context(cafile=str(ca.home / "ca" / "root.pem"))
        self.context.check_hostname = False

    def connected(self, *, tls: bool) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self.tls_port if tls else self.served.port), 20)
        return self.context.wrap_socket(plain) if tls else plain

    def said(self, octets: bytes, *, tls: bool) -> bytes:
        """Everything until the end of the connection, which whoever is asked has to make."""
        heard = b""
        with self.connected(tls=tls) as talk, suppress(ConnectionError, ssl.SSLEOFError):
            talk.sendall(octets)
            while part := talk.recv(65536):
                heard += part
        return heard


@pytest.fixture(scope="module")
def rig(api_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    ca = copied(api_template, tmp_path_factory.mktemp("hostile"))
    with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test") as served:
        yield Rig(ca, served)
        assert status(f"{served.url}/health") == 200
        assert served.stop() == 0


def request(line: bytes, more: bytes = b"", body: bytes = b"") -> bytes:
    return line + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + more + b"\r\n" + body


def posted(data: bytes, more: bytes = b"", kind: bytes = KIND) -> bytes:
    return request(b"POST /ocsp", kind + more + b"Content-Length: %d\r\n" % len(data), data)


def chunked(data: bytes, size: bytes | None = None) -> bytes:
    whole = (size or b"%x" % len(data)) + b"\r\n" + data + b"\r\n0\r\n\r\n"
    return request(b"POST /ocsp", KIND + b"Transfer-Encoding: chunked\r\n", whole)


def upgraded(octets: bytes) -> bytes:
    """With the offer that curl --http2 and Java's HttpClient make."""
    return octets.replace(b"Connection: ", b"Upgrade: h2c\r\nConnection: Upgrade, ")


def cases(data: bytes) -> dict[str, tuple[bytes, int | str]]:
    """By a name: octets, and a status, or the word of an OCSP answer with status 200."""
    text = base64.b64encode(data)
    path = b"GET /ocsp/" + text
    escaped = b"GET /ocsp/" + urllib.parse.quote(text.decode(), safe="").encode()
    return {
        "unescaped": (request(path), "good"),
        "escaped": (request(escaped), "good"),
        "in small letters": (request(escaped.replace(b"%2F", b"%2f").replace(b"%2B", b"%2b")), "good"),
        "with a query": (request(escaped + b"?a=b"), "good"),
        "absolute form": (request(escaped.replace(b"/ocsp", b"http://else.test:1/ocsp", 1)), "good"),
        "one octet more": (request(escaped + b"AAAA"), MALFORMED),
        "url-safe letters": (request(b"GET /ocsp/" + base64.urlsafe_b64encode(b"\xfb\xff" + data)), MALFORMED),
        "a line break": (request(escaped[:20] + b"%0A" + escaped[20:]), MALFORMED),
        "no base64": (request(b"GET /ocsp/%zz!"), MALFORMED),
        "nothing": (request(b"GET /ocsp/"), MALFORMED),
        "very long": (request(b"GET /ocsp/" + b"A" * 30_000), MALFORMED),
        "another method": (request(b"PUT /ocsp"), 405),
        "a tunnel": (request(b"CONNECT a:1"), 400),
        "no method": (request(b"SNEEZE /ocsp"), 400),
        "no version": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        "no host": (request(escaped).replace(b"Host: a\r\n", b""), 400),
        "two hosts": (request(b"GET /health", b"Host: b\r\n"), 400),
        "two lengths": (posted(data, b"Content-Length: 3\r\n"), 400),
        "a length below nothing": (request(b"POST /ocsp", KIND + b"Content-Length: -1\r\n"), 400),
        "length and chunks": (posted(data, b"Transfer-Encoding: chunked\r\n"), 400),
        "chunks": (chunked(data), "good"),
        "a chunk of no size": (chunked(data, b"zz"), 400),
        "a folded line": (request(b"GET /health", b"X: a\r\n b\r\n"), 400),
        "a control character": (request(b"GET /health", b"X: a\0b\r\n"), 400),
        "another type": (posted(data, kind=b"Content-Type: text/plain\r\n"), 415),
        "no type": (posted(data, kind=b""), 415),
        "octets that follow": (posted(data + b"x"), MALFORMED),
        "much too long": (posted(b"0" * 3_000_000), MALFORMED),
        "an endless head": (request(b"GET /health", b"X: y\r\n" * 200_000), 431),
        "upwards": (request(b"GET /crl/%2e%2e%2fregistry.sqlite"), 404),
        "a tunnel to a path": (request(b"CONNECT http://a/health"), 400),
        "an upgrade": (upgraded(request(escaped)), "good"),
        "an upgrade and a body": (upgraded(posted(data)), "good"),
        "an upgrade and chunks": (upgraded(chunked(data)), "good"),
        "an upgrade without host": (upgraded(request(escaped)).replace(b"Host: a\r\n", b""), 400),
    }


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("name", list(cases(b"")))
def test_one_request(rig: Rig, name: str, tls: bool) -> None:
    octets, expected = cases(rig.question)[name]
    heard = rig.said(octets, tls=tls)
    head, _, body = heard.partition(b"\r\n\r\n")
    if expected == 431 and not heard:
        return  # the end of a connection on which octets were left may overtake what was said before it
    wanted = expected if isinstance(expected, int) else 200
    assert head.startswith(b"HTTP/1.1 %d " % wanted), head
    if isinstance(expected, str):
        answer = ocsp.load_der_ocsp_response(body)
        if expected == MALFORMED:
            assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
        else:
            assert answer.certificate_status.name == "GOOD"


@pytest.mark.parametrize("tls", [False, True])
def test_who_asks_before_sending_is_told_to_go_on(rig: Rig, tls: bool) -> None:
    data = rig.question
    whole = posted(data, b"Expect: 100-continue\r\n")
    with rig.connected(tls=tls) as talk:
        talk.sendall(whole[: -len(data)])
        assert talk.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        talk.sendall(data)
        assert talk.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("tls", [False, True])
def test_an_offer_of_another_protocol_takes_no_octet_of_what_follows(rig: Rig, tls: bool) -> None:
    data = b"POST /health HTTP/1.1\r\nHost: a\r\n\r\n"  # a body that looks like a request
    first = upgraded(posted(data)).replace(b", close", b", keep-alive")
    heard = rig.said(first * 3 + upgraded(request(b"GET /health")), tls=tls)
    assert re.findall(rb"HTTP/1.1 (\d+)", heard) == [b"200"] * 4
    with rig.connected(tls=tls) as talk, talk.makefile("rb") as answers:
        for _ in range(3):
            talk.sendall(upgraded(posted(data, b"Expect: 100-continue\r\n")).replace(b", close", b", keep-alive")[: -len(data)])
            assert answers.readline() + answers.readline() == b"HTTP/1.1 100 Continue\r\n\r\n"
            talk.sendall(data)
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            length = next(
                int(line.split()[1]) for line in iter(answers.readline, b"\r\n") if line.startswith(b"content-length")
            )
            assert answers.readline() == b"\r\n"
            answers.read(length)


@pytest.mark.parametrize("tls", [False, True])
def test_answers_to_many_at_once_come_in_their_order(rig: Rig, tls: bool) -> None:
    kept = posted(rig.question).replace(b"Connection: close\r\n", b"")
    many = kept + kept.replace(b"/ocsp ", b"/nowhere ") + kept.replace(b"POST /ocsp ", b"PUT /ocsp ")
    heard = rig.said(many * 10 + request(b"GET /health"), tls=tls)
    assert re.findall(rb"HTTP/1.1 (\d+)", heard) == [b"200", b"405", b"405"] * 10 + [b"200"]


def test_a_client_that_asks_much_and_reads_nothing_is_let_go(rig: Rig) -> None:
    """It may leave at any moment; no request of it is answered into the void with a complaint."""
    one = request(b"GET /crl/issuing.crl").replace(b"Connection: close\r\n", b"")
    for count in (MOST_PIPELINED // 2, 20 * MOST_PIPELINED):
        with rig.connected(tls=False) as talk:
            talk.settimeout(2)
            with suppress(OSError):
                talk.sendall(one * count)
    assert status(f"{rig.served.url}/health") == 200


@pytest.mark.parametrize("tls", [False, True])
def test_a_head_that_comes_drop_by_drop_has_its_time(rig: Rig, tls: bool) -> None:
    with rig.connected(tls=tls) as talk:
        started = time.monotonic()
        with suppress(OSError):
            talk.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nX: ")
            while time.monotonic() - started < 60:
                talk.sendall(b"y")
                time.sleep(0.25)
        assert time.monotonic() - started < 60
