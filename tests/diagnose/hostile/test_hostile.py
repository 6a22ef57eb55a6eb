"""Evidence made to harm: the doctor answers with a finding or one error, in bounded time and memory, nothing raw."""

import json
import os
import random
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.app.evidence import without_private_keys
from handclasp.diagnose.engine import diagnose
from handclasp.diagnose.log_line import read_line
from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.pki.read import pem_spans
from tests.diagnose.scenes import _client

SECONDS = 10
MEGABYTES = 700
TRICKS = "\x1b]0;pwned\x07\x1b[31m\u202egpj\u2066\x9b"
KEY = ec.generate_private_key(ec.SECP256R1())


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def doctor(*argv: str) -> tuple[int, str, str]:
    """Both forms of output; neither may hold a control or bidi character, a traceback, or the exit code of a bug."""
    answers = []
    for form in ((), ("--json",)):
        command = [sys.executable, "-m", "handclasp", "doctor", "--no-prove", *form, *argv]
        done = subprocess.run(
            command, capture_output=True, timeout=60, check=False, preexec_fn=_limits, stdin=subprocess.DEVNULL
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode in {0, 1, 2, 3}, err
        assert "Traceback" not in err
        for letter in "\x1b\x07\x9b\u202e\u2066":
            assert letter not in out + err, f"{letter!r} reaches the terminal"
        answers.append((done.returncode, out, err))
    (code, text, error), (same, document, _) = answers
    assert code == same
    json.loads(document)
    return code, text, error


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    _client(folder).write()
    return folder


def config(folder: Path, body: str, *, name: str = "hostile.conf") -> str:
    path = folder / name
    path.write_bytes(f"events {{ }}\nhttp {{\n{body}\n}}\n".encode("utf-8", "surrogateescape"))
    return str(path)


def server(name: str, more: str = "") -> str:
    return (
        f"server {{ listen 127.0.0.1:8443 ssl; server_name {name}; ssl_certificate server.pem; ssl_certificate_key server.key;"
        f" ssl_client_certificate ca.pem; ssl_verify_client on; {more} }}\n"
    )


BROKEN = {
    "garbage": random.Random(1).randbytes(300_000),
    "zeros": b"\0" * 1_000_000,
    "utf-16": "events { } http { server { } }".encode("utf-16"),
    "deep": b"a {" * 100_000,
    "many words": b"events { } http { server_name " + b"a " * 2_000_000 + b";}",
    "long word": b"events { } http { server_name " + b"a" * 10_000_000 + b";}",
    "tricks": f"events {{ }} bad{TRICKS}".encode(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_is_one_error_with_its_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_bytes(BROKEN[name])
    code, _, error = doctor("--config", str(path))
    assert code == 3
    assert error.startswith(f"error: {path}")


def test_an_empty_configuration_is_what_nginx_says_of_it(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_bytes(b"")
    code, text, _ = doctor("--config", str(tmp_path / "nginx.conf"))
    assert (code, 'no "events" section in configuration' in text) == (1, True)


def test_files_that_include_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.inc").write_text("include b.inc;")
    (tmp_path / "b.inc").write_text("include a.inc;")
    code, _, error = doctor("--config", config(tmp_path, "include a.inc;"))
    assert code == 3
    assert "include cycle" in error


def test_names_with_escapes_stay_visible(healthy: Path) -> None:
    more = f'ssl_crl "/no{TRICKS}.pem"; location "/{TRICKS}" {{ proxy_set_header X "{TRICKS}"; }}'
    code, text, _ = doctor(
        "--config", config(healthy, server(f'"a{TRICKS}"', more)), "--client-cert", str(healthy / "peer.pem")
    )
    assert code == 1
    assert r"\x1b]0;pwned\x07" in text


def test_log_lines_with_escapes_and_of_any_length(tmp_path: Path) -> None:
    line = (
        f"2026/01/01 00:00:00 [info] 1#1: *1 client SSL certificate verify error: (10:certificate has expired) while reading"
        f' client request headers, client: 1.2.3.4, server: {TRICKS}, request: "GET /{TRICKS} HTTP/1.1", host: "{TRICKS}"'
    )
    code, text, _ = doctor("--line", line)
    assert code == 1
    assert "client-cert-expired" in text
    log = tmp_path / "error.log"
    log.write_text((line + "\n") * 100)
    assert "client-cert-expired" in doctor("--log", str(log))[1]
    assert doctor("--line", "SSL_do_handshake() failed (SSL: error:" * 2500)[0] == 3


def test_a_log_of_garbage(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(random.Random(2).randbytes(3_000_000) + b"SSL " * 3_000_000)
    assert doctor("--log", str(log))[0] == 3


def _not_certificates(folder: Path) -> dict[str, str]:
    os.mkfifo(folder / "fifo")
    (folder / "page.html").write_text("<!doctype html><title>404 Not Found</title>")
    (folder / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "begins.pem").write_bytes(
        b"".join(b"-----BEGIN %d-----\n-----BEGIN CERTIFICATE-----\n" % n for n in range(200_000))
    )
    names = ("fifo", "page.html", "key.pem", "begins.pem", "vanished.pem")
    return {name: str(folder / name) for name in names} | {"folder": str(folder), "zero": "/dev/zero"}


def test_what_is_no_certificate_is_one_error(healthy: Path, tmp_path: Path) -> None:
    for path in _not_certificates(tmp_path).values():
        code, _, error = doctor("--config", str(healthy / "nginx.conf"), "--client-cert", path)
        assert code == 3, path
        assert error.startswith(f"error: {path}: ")


def certificate(subject: str, issuer: str, *, authority: bool = True, serial: int = 1, names: int = 0) -> bytes:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])

    builder = x509.CertificateBuilder(named(issuer), named(subject), KEY.public_key(), serial)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if names:
        san = x509.SubjectAlternativeName([x509.DNSName(f"n{number}.test") for number in range(names)])
        builder = builder.add_extension(san, critical=False)
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.PEM)


def _chains() -> dict[str, tuple[bytes, bytes]]:
    root = certificate("r", "r")
    loop = certificate("a", "b") + certificate("b", "a")
    return {
        "tricks": (certificate(TRICKS, "r", authority=False), root),
        "empty subject": (certificate("", "r", authority=False), root),
        "huge serial": (certificate("l", "r", authority=False, serial=2**158), root),
        "10,000 names": (certificate("l", "r", authority=False, names=10_000), root),
        "200 in a row": (
            b"".join(certificate(f"c{n}", f"c{n + 1}", authority=n > 0) for n in range(200)),
            certificate("c200", "c200"),
        ),
        "loop": (certificate("l", "a", authority=False) + loop, loop),
        "same name": (
            certificate("l", "S", authority=False) + b"".join(certificate("S", "T", serial=n + 1) for n in range(60)),
            b"".join(certificate(*pair, serial=n + 1) for n in range(100) for pair in (("S", "T"), ("T", "S"))),
        ),
        "3,000 in a file": (
            certificate("l", "x9", authority=False),
            b"".join(certificate(f"x{n}", f"y{n}") for n in range(3000)),
        ),
    }


def test_chains_of_every_kind_are_judged(healthy: Path) -> None:
    for name, (sent, trusted) in _chains().items():
        (healthy / "sent.pem").write_bytes(sent)
        (healthy / "trusted.pem").write_bytes(trusted)
        path = config(healthy, server("x.test").replace("ca.pem", "trusted.pem"), name="chains.conf")
        code, text, _ = doctor("--config", path, "--client-cert", str(healthy / "sent.pem"))
        assert code in {0, 1}, name
        assert text


def test_a_container_opens_with_its_password_and_leaves_its_key_behind(healthy: Path, tmp_path: Path) -> None:
    chain = x509.load_pem_x509_certificates((healthy / "peer.pem").read_bytes())
    key = load_pem_private_key((healthy / "peer.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    container = pkcs12.serialize_key_and_certificates(b"me", key, chain[0], chain[1:], BestAvailableEncryption(b"open sesame"))
    (tmp_path / "me.p12").write_bytes(container)
    for name, word in (("right", "open sesame"), ("wrong", "hello")):
        (tmp_path / name).write_text(word)
        (tmp_path / name).chmod(0o600)
    asked = ("--config", str(healthy / "nginx.conf"), "--client-cert", str(tmp_path / "me.p12"))
    saved = tmp_path / "evidence.json"
    code, text, _ = doctor(*asked, "--client-password-file", str(tmp_path / "right"), "--save", str(saved))
    plain = doctor("--config", str(healthy / "nginx.conf"), "--client-cert", str(healthy / "peer.pem"))
    assert (code, text) == plain[:2]
    evidence = json.loads(saved.read_bytes())["evidence"]
    assert "PRIVATE" not in str(evidence)
    for options in ((), ("--client-password-file", str(tmp_path / "wrong"))):
        code, _, error = doctor(*asked, *options)
        assert code == 3
        assert "password" in error


def test_a_key_cut_short_is_left_out_too() -> None:
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for cut in (key, key[:-20], key[:60], key + b"tail"):
        assert cut[40:60] not in without_private_keys(b"before\n" + cut)


@given(
    st.lists(
        st.sampled_from([b"-----BEGIN A-----", b"-----END A-----", b"-----BEGIN B-----", b"-----END B-----", b"AAAA", b"\n"])
    )
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_blocks_lie_apart_and_inside(parts: list[bytes]) -> None:
    data = b"".join(parts)
    last = 0
    for start, end, label, _ in pem_spans(data):
        assert last <= start < end <= len(data)
        assert data[start:end].endswith(f"-----END {label}-----".encode())
        last = end


@given(st.binary(max_size=30), st.integers(0, 1500), st.integers(0, 40))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_configuration_with_bytes_changed_never_breaks_the_doctor(noise: bytes, at: int, cut: int) -> None:
    text = f"events {{ }}\nhttp {{\n{server('x.test', 'ssl_crl crl.pem;')}}}\n".encode()
    changed = text[: at % len(text)] + noise + text[at % len(text) + cut :]
    pem = certificate("l", "r", authority=False)
    content = pem[: at % len(pem)] + noise + pem[at % len(pem) + cut :]
    files: dict[str, bytes | None] = {"/c/nginx.conf": changed, "/c/ca.pem": content, "/c/crl.pem": noise}
    try:
        diagnose(Evidence(at=datetime(2026, 1, 1, tzinfo=UTC), root="/c/nginx.conf", prefix="/c", files=files, presented=pem))
    except HandclaspError as error:
        assert error.exit_code == 3


@given(st.text(max_size=200))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_any_text_is_some_line(text: str) -> None:
    assert read_line(f"2026/01/01 00:00:00 [info] 1#1: *1 {text}").raw
