"""What Prometheus reads: well-formed by its rules, and moving with what happens at the doors."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ca_rig import Ca, copied, openssl
from tests.serve.api_rig import Client
from tests.serve.serve_rig import Served, ask, curl, serving
from tests.serve.test_serve import certificate

_SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)\Z')
_LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def served(api_template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ca, Served]]:
    ca = copied(api_template, tmp_path_factory.mktemp("metrics"))
    with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "app.test", "--no-prepare") as found:
        yield ca, found


def scraped(url: str) -> Samples:
    """Read as strictly as the format is written down: HELP, TYPE, then samples of that name alone, each once."""
    samples: Samples = {}
    kinds: dict[str, str] = {}
    name = ""
    text = curl(f"{url}/metrics").decode()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in kinds, line
        elif line.startswith("# TYPE "):
            assert line.split()[2] == name
            kinds[name] = line.split()[3]
        else:
            found = _SAMPLE.match(line)
            assert found, line
            suffix = found[1].removeprefix(name)
            assert suffix in ({"_bucket", "_sum", "_count"} if kinds[name] == "histogram" else {""}), line
            key = (found[1], frozenset(_LABEL.findall(found[2] or "")))
            assert key not in samples, line
            samples[key] = float(found[3])
    for name, kind in kinds.items():
        assert kind in {"counter", "gauge", "histogram"}
        assert (kind == "counter") == name.endswith("_total"), name
        if kind == "histogram":
            buckets = [
                (float(dict(labels)["le"]), count) for (one, labels), count in samples.items() if one == f"{name}_bucket"
            ]
            assert sorted(buckets) == buckets
            assert [count for _, count in buckets] == sorted(count for _, count in buckets)
            assert buckets[-1] == (float("inf"), value(samples, f"{name}_count"))
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


def test_signatures_are_timed_and_errors_counted(served: tuple[Ca, Served]) -> None:
    ca, one = served
    before = scraped(one.url)
    assert "good" in ask(ca, one.url, certificate(ca, "alice"), "-nonce")
    curl("-H", "Content-Type: application/ocsp-request", "--data-binary", "nothing", f"{one.url}/ocsp")
    after = scraped(one.url)
    for name in ("handclasp_ocsp_sign_seconds_count", "handclasp_ocsp_sign_seconds_sum"):
        assert value(after, name) > value(before, name)
    name = "handclasp_ocsp_answers_total"
    assert value(after, name, status="malformed_request", kept="no") == 1 + value(
        before, name, status="malformed_request", kept="no"
    )


def test_who_is_refused_is_counted_with_the_reason(served: tuple[Ca, Served], tmp_path: Path) -> None:
    ca, one = served
    client = Client(ca=ca, base=one.document["api"].removesuffix("/api/v1"))
    assert client.ask("alice", "GET", "/audit").status == 403
    assert client.ask(None, "GET", "/whoami").status == 401
    stranger = tmp_path / "stranger"
    self_signed(stranger)
    context = ssl.create_default_context(cafile=str(ca.home / "ca" / "root.pem"))
    context.check_hostname = False
    context.load_cert_chain(stranger / "certificate.pem", stranger / "key.pem")
    host, port = client.base.removeprefix("https://").split(":")
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection((host, int(port)), 20) as plain,
        context.wrap_socket(plain) as talk,
    ):
        assert talk.recv(1) == b""
    with socket.create_connection((host, int(port)), 20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP/1.1 200")
    after = scraped(one.url)
    name = "handclasp_refused_clients_total"
    assert value(after, name, by="api", why="self may not audit") == 1
    assert value(after, name, by="api", why="no certificate that counts") == 1
    assert value(after, name, by="tls", why="self-signed certificate") == 1
    assert value(after, name, by="tls", why="http request") == 1
    assert value(after, "handclasp_api_seconds_count") == 2


def self_signed(folder: Path) -> None:
    folder.mkdir()
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stranger",
            "-keyout", folder / "key.pem", "-out", folder / "certificate.pem")  # fmt: skip
