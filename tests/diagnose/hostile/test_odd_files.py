"""Files that are not what they should be: every odd certificate there is, other encodings, streams, lines of megabytes."""

import fcntl
import gzip
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from pathlib import Path

import cryptography_vectors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.adapters.log_files import LogFiles
from handclasp.app.explain import explain
from handclasp.diagnose.engine import diagnose
from handclasp.diagnose.log_line import LogLine, read_line
from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.pki.any_form import look
from handclasp.pki.read import certificates_from_bytes
from handclasp.ports.logs import LogPart
from handclasp.present.as_json import document
from handclasp.present.diagnosis import diagnosis_text
from handclasp.present.diagnosis_data import diagnosis_fields
from handclasp.verdict.predict import predict
from tests.diagnose.hostile.test_hostile import TRICKS, _limits, certificate, config, doctor, healthy, server

__all__ = ["healthy"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VECTORS = sorted(path for path in (Path(cryptography_vectors.__file__).parent / "x509").rglob("*") if path.is_file())
CONF = (
    b"events { } http { server { listen 127.0.0.1:8443 ssl; server_name s.test; ssl_certificate s.pem;"
    b" ssl_certificate_key s.key; ssl_client_certificate ca.pem; ssl_crl crl.pem; ssl_verify_client on; } }"
)
EXPIRED = "2026/01/01 00:00:00 [info] 1#1: *1 client SSL certificate verify error: (10:certificate has expired) while reading"


def examined(files: dict[str, bytes], presented: bytes) -> None:
    """A diagnosis of these files: findings that show nothing raw, or one error about the input."""
    known: dict[str, bytes | None] = {"/c/nginx.conf": CONF, **files}
    try:
        found = diagnose(Evidence(at=NOW, root="/c/nginx.conf", prefix="/c", files=known, presented=presented)).diagnosis
    except HandclaspError as error:
        assert error.exit_code == 3
        return
    text = diagnosis_text(found, "en") + document("doctor", diagnosis_fields(found, "zh", notes=()))
    assert not set("\x00\x07\x1b\x9b\u202e\u2066") & set(text)


@pytest.mark.parametrize("start", range(0, len(VECTORS), 200))
def test_every_odd_certificate_is_judged_in_every_place(start: int) -> None:
    assert len(VECTORS) > 1000
    for path in VECTORS[start : start + 200]:
        content = path.read_bytes()
        look(content)
        examined({"/c/ca.pem": content, "/c/crl.pem": content}, b"")
        examined({"/c/ca.pem": content}, b"")
        try:
            certificates_from_bytes(content, where=str(path))
        except HandclaspError as error:
            assert error.exit_code == 3
        else:
            examined({"/c/ca.pem": content, "/c/crl.pem": b""}, content if b"-----BEGIN" in content else b"")


@pytest.mark.parametrize("wide", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_configuration_in_utf_16_is_said_to_be_so(wide: str, tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_bytes(
        "events { }\n".encode(wide) if wide == "utf-16" else b"\xff\xfe" * (wide[-2] == "l") + "events".encode(wide)
    )
    if wide == "utf-16-be":
        path.write_bytes(b"\xfe\xff" + "events { }".encode(wide))
    code, _, error = doctor("--config", str(path))
    assert (code, "UTF-16" in error, "iconv" in error) == (3, True, True)


def test_a_comment_of_megabytes_is_not_shown_again(healthy: Path) -> None:
    long = ("# " + "x" * 4000 + "\n") * 400  # a single line of that length is no configuration for nginx
    path = config(healthy, f"{long}\n{server('x.test')}{long}", name="comment.conf")
    code, text, _ = doctor("--config", path, "--client-cert", str(healthy / "peer.pem"))
    assert code in {0, 1}
    assert len(text) < 100_000


def test_a_folder_and_a_device_in_the_place_of_a_file_are_the_cause(healthy: Path) -> None:
    for path in (str(healthy), "/dev/null", "/dev/zero"):
        conf = config(healthy, server("x.test").replace("ca.pem", path), name="device.conf")
        code, text, _ = doctor("--config", conf, "--client-cert", str(healthy / "peer.pem"))
        assert code == 1
        assert path in text


def test_a_certificate_file_of_a_gigabyte_is_refused_unread(healthy: Path, tmp_path: Path) -> None:
    with (tmp_path / "big.pem").open("wb") as file:
        file.truncate(1 << 30)
    code, _, error = doctor("--config", str(healthy / "nginx.conf"), "--client-cert", str(tmp_path / "big.pem"))
    assert (code, "more than" in error) == (3, True)
    conf = config(healthy, server("x.test").replace("ca.pem", str(tmp_path / "big.pem")), name="big.conf")
    assert doctor("--config", conf, "--client-cert", str(healthy / "peer.pem"))[0] in {0, 1}


def test_what_is_no_log_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "pool")
    (tmp_path / "pool").symlink_to(tmp_path / "loop")
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * 300_000_000))
    for path in (str(tmp_path), "/dev/zero", str(tmp_path / "loop"), str(tmp_path / "bomb.gz"), str(tmp_path / "none")):
        code, _, error = doctor("--log", path)
        assert (code, error.startswith(f"error: {path}: ")) == (3, True), error


def test_names_in_a_log_cannot_make_lines_or_colours(tmp_path: Path) -> None:
    forged = f'GET /x, client: 6.6.6.6, server: forged{TRICKS}, request: "GET / HTTP/1.1" HTTP/1.1'
    line = f'{EXPIRED} client request headers, client: 192.0.2.1, server: real.test, request: "{forged}", host: "a"'
    (tmp_path / "error.log").write_text(f"{line}\n" * 3)
    code, text, _ = doctor("--log", str(tmp_path / "error.log"))
    assert code == 1
    assert "server real.test" in text
    assert "6.6.6.6 (" not in text


def test_an_interrupt_ends_a_stream_and_shows_what_came() -> None:
    command = [sys.executable, "-m", "handclasp", "doctor", "--log", "-", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin
        assert running.stdout
        running.stdin.write(f"{EXPIRED} client request headers, client: 192.0.2.1, server: a.test\n".encode() * 5)
        running.stdin.flush()
        while struct.unpack("i", fcntl.ioctl(running.stdin.fileno(), termios.FIONREAD, b"\0\0\0\0"))[0]:
            assert running.poll() is None
            time.sleep(0.01)  # until it has read what was written
        os.kill(running.pid, signal.SIGINT)
        found = json.loads(running.stdout.read())
        running.stdin.close()
        assert running.wait() == 1
    assert [group["count"] for group in found["triage"]["groups"]] == [5]


def test_an_interrupt_while_lines_are_counted_takes_none_away(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    both = os.open(pipe, os.O_RDWR)  # there is somebody who writes until the end
    os.write(both, b"one\n")
    before = signal.getsignal(signal.SIGINT)
    blocks = LogFiles().blocks(LogPart(str(pipe)))
    assert next(blocks) == b"one\n"
    os.write(both, b"two\n")
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert list(blocks) == []
    assert signal.getsignal(signal.SIGINT) is before
    os.close(both)


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=120))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_any_bytes_in_any_file(conf: bytes, pem: bytes, crl: bytes) -> None:
    wrapped = b"-----BEGIN CERTIFICATE-----\n" + pem + b"\n-----END CERTIFICATE-----\n"
    for content in (pem, wrapped):
        examined({"/c/ca.pem": content, "/c/crl.pem": crl}, certificate("l", "r", authority=False))
    for text in (conf, CONF.replace(b"s.test", conf), CONF + conf):
        evidence = Evidence(at=NOW, root="/c/nginx.conf", prefix="/c", files={"/c/nginx.conf": text, "/c/ca.pem": pem})
        for work in (predict, diagnose):
            try:
                work(evidence)
            except HandclaspError as error:
                assert error.exit_code == 3


@given(
    st.text(max_size=600),
    st.sampled_from(["", EXPIRED, "nginx: [emerg] ", "upstream SSL certificate verify error: (2", "400 ", "{"]),
)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_any_text_is_explained_or_said_to_be_unknown(text: str, before: str) -> None:
    assert isinstance(read_line(before + text), LogLine)
    try:
        explain(before + text)
    except HandclaspError as error:
        assert error.exit_code in {1, 2, 3}


TANGLED = (
    "1:" + "((a)" * 900 + ")))x",
    EXPIRED + " (10:" + "((a)" * 900,
    "error code " * 350 + "x",
    "SSL_do_handshake() failed (SSL: " + ":a(" * 1200 + "x",
    EXPIRED + ", client: " * 400,
    EXPIRED + ', request: "' * 340 + "x",
    "lua ssl " + "(1:a" * 900,
    "nginx: [emerg] x" + " in a:1" * 500 + "x",
    '{"log":"' + "\\u0041" * 600,
    "(" * 1900 + ")" * 1900,
)


@pytest.mark.parametrize("number", range(len(TANGLED)))
def test_text_made_to_keep_a_search_busy_is_answered_within_the_limit(number: int) -> None:
    for command in (["explain", TANGLED[number]], ["doctor", "--line", TANGLED[number]]):
        done = subprocess.run(
            [sys.executable, "-m", "handclasp", *command], capture_output=True, check=False, preexec_fn=_limits
        )  # the limit is one of CPU time: beyond it the process is killed
        assert done.returncode in {0, 1, 2, 3}, done.stderr.decode()
        assert len(done.stdout) < 100_000
