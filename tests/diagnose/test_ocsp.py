"""ssl_ocsp on a real nginx, and responders of every bad kind: the doctor names what is wrong with the responder."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.app.doctor import examine
from handclasp.app.evidence import Given, gather
from handclasp.app.live import look
from handclasp.diagnose.rules.ocsp import BY_KEY
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Applicability, Confidence, Finding, Severity
from tests.nginx_rig import NOW, Issued, Rig, free_port, rig

CAUSE = "client-ocsp-unreachable"
OCSP = "application/ocsp-response"
DAY = timedelta(days=1)


def answer(
    of: Issued, issuer: Issued, signer: Issued | None = None, *, at: timedelta = timedelta(0),
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
) -> bytes:  # fmt: skip
    by = signer or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=of.certificate, issuer=issuer.certificate, algorithm=hashes.SHA1(),
        cert_status=status, this_update=NOW + at - DAY, next_update=NOW + at + DAY, revocation_time=None,
        revocation_reason=None,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)  # fmt: skip
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def failing(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


@contextmanager
def responder(content: bytes, kind: str) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@dataclass(frozen=True)
class Visit:
    """What alice was answered, what nginx logged of it, and the evidence in all its parts."""

    title: str | None
    evidence: Evidence
    seen: Evidence
    alone: Evidence


def visit(made: Rig, lines: str) -> Visit:
    made.verifying(f"ssl_ocsp on; {lines}")
    made.start()
    folder = Path(made.prefix)
    url, address = f"https://app.test:{made.port}/", f"127.0.0.1:{made.port}"
    seen = look(TlsProbe(), url, made.alice.identity(), connect=address)
    made.write("alice.pem", made.alice.pem)
    logged = tuple(
        line for line in (folder / "logs/error.log").read_text().splitlines()
        if "[notice]" not in line and "no required SSL" not in line
    )  # fmt: skip
    given = Given(config=made.config, client_certificate=str(folder / "alice.pem"), lines=logged)
    evidence, alone = (
        gather(one, PosixFileTree(), now=NOW, build=made.nginx.build())
        for one in (given, Given(lines=logged))
    )  # fmt: skip
    live = gather(Given(config=made.config, client_certificate=given.client_certificate), PosixFileTree(), now=NOW,
                  build=made.nginx.build())  # fmt: skip
    title = next(item.title for item in seen if item.certificate)
    return Visit(title, evidence, Evidence(**{name: getattr(live, name) for name in live.__slots__} | {"seen": seen}), alone)


def first(evidence: Evidence) -> Finding:
    return examine(evidence, None).diagnosis.findings[0]


def told(found: Visit, key: str) -> None:
    assert found.title == "400 The SSL certificate error"
    finding = first(found.evidence)
    assert (finding.cause, finding.severity, finding.confidence) == (CAUSE, Severity.ERROR, Confidence.CERTAIN)
    assert finding.summary.en.endswith(BY_KEY[key].en)
    assert finding.where.directive == "ssl_ocsp"
    verdict = examine(found.evidence, None).diagnosis.verdict
    assert verdict is not None
    assert verdict.status == 400
    advice = finding.remedies[0]
    assert advice.applicability is Applicability.MANUAL
    assert not any(word in command for command in advice.commands for word in ("ssl_ocsp off", "verify_client", "no_ca"))
    live = first(found.seen)
    assert (live.cause, live.severity) == (CAUSE, Severity.ERROR)
    assert first(found.alone).cause == CAUSE


ANSWERS: dict[str, Callable[[Rig], tuple[bytes, str]]] = {
    "no-ocsp": lambda made: (b"hello", OCSP),
    "signer": lambda made: (answer(made.alice, made.root, made.stranger), OCSP),
    "stale": lambda made: (answer(made.alice, made.root, at=-5 * DAY), OCSP),
    "early": lambda made: (answer(made.alice, made.root, at=5 * DAY), OCSP),
    "other-certificate": lambda made: (answer(made.bob, made.root), OCSP),
    "not-in-charge": lambda made: (failing(ocsp.OCSPResponseStatus.UNAUTHORIZED), OCSP),
    "unsuccessful": lambda made: (failing(ocsp.OCSPResponseStatus.TRY_LATER), OCSP),
    "unknown": lambda made: (answer(made.alice, made.root, status=ocsp.OCSPCertStatus.UNKNOWN), OCSP),
}


@pytest.mark.parametrize("key", ANSWERS)
def test_bad_answers(key: str, tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made, responder(*ANSWERS[key](made)) as port:
        told(visit(made, f"ssl_ocsp_responder http://127.0.0.1:{port}/;"), key)


def test_a_web_page(tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made, responder(b"<html>", "text/html") as port:
        told(visit(made, f"ssl_ocsp_responder http://127.0.0.1:{port}/;"), "no-ocsp")


def test_nobody_there(tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made:
        told(visit(made, f"ssl_ocsp_responder http://127.0.0.1:{free_port()}/;"), "down")


def test_nobody_named(tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made:
        found = visit(made, "")
        told(found, "no-url")
        without_log = first(found.seen)
        assert without_log.confidence is Confidence.CERTAIN
        assert without_log.summary.en.endswith(BY_KEY["no-url"].en)


def named(alice: Issued, root: Issued, url: str) -> Issued:
    """The same client with a certificate that names its responder."""
    old = alice.certificate
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    builder = (
        x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).public_key(old.public_key())
        .serial_number(old.serial_number).not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    )  # fmt: skip
    for item in old.extensions:
        builder = builder.add_extension(item.value, item.critical)
    return Issued(builder.sign(root.key, hashes.SHA256()), alice.key)


NAMED = {"no-resolver": "", "no-address": "resolver 127.0.0.1:1; resolver_timeout 1s;"}


@pytest.mark.parametrize("key", NAMED)
def test_one_is_named_that_nobody_finds(key: str, tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made:
        named_by = replace(made, alice=named(made.alice, made.root, "http://ocsp.nowhere.test/"))
        told(visit(named_by, NAMED[key]), key)


def test_a_good_answer_is_nothing_to_speak_of(tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made, responder(answer(made.alice, made.root), OCSP) as port:
        found = visit(made, f"ssl_ocsp_responder http://127.0.0.1:{port}/;")
        assert found.title is None
        assert examine(found.evidence, None).diagnosis.findings == ()
        assert examine(found.seen, None).diagnosis.findings == ()


def test_what_nginx_asks_about_its_own_certificate_is_another_matter(tmp_path: Path) -> None:
    line = (
        "2026/01/05 10:00:00 [error] 1#1: OCSP responder timed out (110: Connection timed out) while requesting certificate"
        ' status, responder: ocsp.test, peer: 127.0.0.1:80, certificate: "/etc/nginx/server.pem"'
    )
    evidence = gather(Given(lines=(line,)), PosixFileTree(), now=NOW, build=None)
    assert examine(evidence, None).diagnosis.findings == ()
