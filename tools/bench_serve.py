"""Measure OCSP over HTTP beside nginx, `openssl ocsp` and cfssl in one run, and write docs/benchmarks/serve.json and serve.md.

Usage: .venv/bin/python tools/bench_serve.py [--seconds N]

wrk has one thread and 32 connections; whoever answers has one process. `openssl ocsp` takes one request on one connection and
then the next, so answers that are signed live are asked for like that, of both, with the same requests. Each is asked in turn,
in several rounds, and a ratio is the median of those within each round, so that what else the machine does falls on all alike;
there are more rounds while ratios still wander. Needs: apt-get install wrk golang-cfssl.
"""

import argparse
import base64
import contextlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding  # noqa: E402
from cryptography.x509 import ocsp  # noqa: E402

from handclasp.wiring import free_port  # noqa: E402
from tests.ca_rig import Ca, fresh  # noqa: E402
from tests.serve.serve_rig import curl, serving  # noqa: E402

FOLDER = ROOT / "docs" / "benchmarks"
ROUNDS, MOST_ROUNDS = 9, 27
WANDERING = 0.03
"""Of a ratio's median, by which it may be wrong (standard error, from the quartiles), before more rounds are asked."""
PLAIN = "nginx, static file"
ALIKE, OPENSSL = "nginx, same name, headers", "openssl ocsp"
AS_ASKED = hashes.SHA1()  # noqa: S303 - the CertID of every client
CONNECTIONS = 32
POST = """wrk.method = "POST"
wrk.body = io.open("{body}", "rb"):read("*a")
wrk.headers["Content-Type"] = "application/ocsp-request"
"""
NONCES = """local n, a, b = 0, "{}", "{}"
local h = {{["Content-Type"] = "application/ocsp-request"}}
function request() n = n + 1; return wrk.format("POST", nil, h, a .. string.format("%016d", n) .. b) end
"""
NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 512; }}
http {{
    access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; root {folder}/www; location = /answer {{ default_type application/ocsp-response; }}
        location /alike/ {{ {settings} }}
        include {folder}/published/nginx-locations.conf; }}
}}
"""


EQUAL = (
    "All of it is HTTP without TLS on loopback, with answers of the same size. *nginx, static file* is a file `/answer` in an",
    "nginx with its own settings. *Same name, headers* is the same file in the same nginx under the base64 of the request,",
    "escaped as clients of GET escape it, with the settings that `handclasp publish` writes for answers: `Cache-Control`, and",
    "files that were asked for stay open and are looked at again after a second (`open_file_cache`). A connection each: one",
    "client asks over HTTP/1.0, reads to the end and asks again, and takes part of the time; both sign with P-256 and repeat",
    "the nonce.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who is asked. `script`: a wrk script for POST. `single`: makes the body of one POST on a connection of its own."""

    name: str
    what: str
    url: str
    script: Path | None = None
    single: Callable[[int], bytes] | None = None


def main() -> int:
    """Run everything and write what it gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        contenders = _contenders(folder, stack)
        seen: dict[str, list[float]] = {one.name: [] for one in contenders}
        for number in range(MOST_ROUNDS):
            if number >= ROUNDS and not _wanders(seen):
                break
            for one in contenders:
                seen[one.name].append(_asked(one, seconds))
                print(f"round {number + 1}: {one.name:32} {seen[one.name][-1]:12,.0f} /s", flush=True)
    _write(contenders, seen)
    return 0


def _ratios(seen: dict[str, list[float]], name: str, to: str) -> list[float]:
    return [rate / other for rate, other in zip(seen[name], seen[to], strict=True)]


def _wanders(seen: dict[str, list[float]]) -> bool:
    """Whether the ratios that the issue is about are not known well enough yet."""
    pairs = (
        ("handclasp publish, nginx", PLAIN),
        ("handclasp publish, nginx", ALIKE),
        ("handclasp serve, live, apart", OPENSSL),
    )
    for name, to in pairs:
        low, middle, high = statistics.quantiles(_ratios(seen, name, to), n=4)
        if (high - low) / 1.35 * 1.25 / len(seen[name]) ** 0.5 > WANDERING * middle:
            return True
    return False


def _contenders(folder: Path, stack: contextlib.ExitStack) -> list[Contender]:
    ca = fresh(folder / "ca")
    ca.run("init")
    ca.run("issue", "alice")
    chain = x509.load_pem_x509_certificates((ca.home / "identities/alice/chain.pem").read_bytes())
    question = _question(chain)
    (folder / "question.der").write_bytes(question)
    post = folder / "post.lua"
    post.write_text(POST.format(body=folder / "question.der"))
    nonces = folder / "nonces.lua"
    nonces.write_text(
        NONCES.format(*("".join(f"\\{octet:03d}" for octet in part) for part in _nonces(chain)(0).split(b"%016d" % 0)))
    )
    name = base64.b64encode(question).decode()
    get = name.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    served = stack.enter_context(serving(ca))
    answer = _answer(f"{served.url}/ocsp", folder / "question.der")
    (folder / "www").mkdir()
    (folder / "www/answer").write_bytes(answer)
    ca.run("publish", str(folder / "published"))
    alike = folder / "www/alike" / (f"{name}index.ocsp" if name.endswith("/") else name)
    alike.parent.mkdir(parents=True)
    alike.write_bytes(answer)
    static = _nginx(folder, stack)
    found = [
        Contender(name=PLAIN, what=f"{len(answer)} octets", url=f"{static}/answer"),
        Contender(name=ALIKE, what=f"{len(answer)} octets", url=f"{static}/alike/{get}"),
        Contender(name="handclasp publish, nginx", what="GET, signed ahead", url=f"{static}/ocsp/{get}"),
        Contender(name="handclasp serve, GET", what="signed ahead", url=f"{served.url}/ocsp/{get}"),
        Contender(name="handclasp serve, POST", what="signed ahead", url=f"{served.url}/ocsp", script=post),
        Contender(name="handclasp serve, live", what="POST with nonces", url=f"{served.url}/ocsp", script=nonces),
        Contender(
            name="handclasp serve, live, apart",
            what="POST with nonces, a connection each",
            url=f"{served.url}/ocsp",
            single=_nonces(chain),
        ),
        Contender(
            name="handclasp serve, apart",
            what="signed ahead, a connection each",
            url=f"{served.url}/ocsp",
            single=lambda _: question,
        ),
        Contender(
            name=OPENSSL, what="POST with nonces, a connection each", url=_openssl(ca, folder, stack), single=_nonces(chain)
        ),
    ]
    if shutil.which("cfssl"):
        url = _cfssl(folder, answer, stack)
        found.append(Contender(name="cfssl ocspserve", what="POST, signed ahead", url=url, script=post))
    return found


def _question(chain: list[x509.Certificate]) -> bytes:
    return ocsp.OCSPRequestBuilder().add_certificate(chain[0], chain[1], AS_ASKED).build().public_bytes(Encoding.DER)


def _nonces(chain: list[x509.Certificate]) -> Callable[[int], bytes]:
    """Requests with another nonce each: nothing can be signed ahead."""
    mark = b"NONCE-IN-16-OCTS"
    builder = ocsp.OCSPRequestBuilder().add_certificate(chain[0], chain[1], AS_ASKED)
    der = builder.add_extension(x509.OCSPNonce(mark), critical=False).build().public_bytes(Encoding.DER)
    return lambda number: der.replace(mark, b"%016d" % number)


def _answer(url: str, question: Path) -> bytes:
    return curl(url, "-H", "Content-Type: application/ocsp-request", "--data-binary", f"@{question}")


def _nginx(folder: Path, stack: contextlib.ExitStack) -> str:
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, settings=_settings(folder / "published/nginx-locations.conf")))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    stack.enter_context(_running([nginx, "-p", str(folder), "-c", str(config)], port))
    return f"http://127.0.0.1:{port}"


def _settings(published: Path) -> str:
    """What the configuration of `publish` says of OCSP answers, but for where they lie: the same headers, kept open alike."""
    block = re.search(r"location /ocsp/ \{(.*?)\n\}", published.read_text(), re.DOTALL)
    return re.sub(r"root [^;]+;|error_page [^;]+;|#.*", "", block[1] if block else "")


def _openssl(ca: Ca, folder: Path, stack: contextlib.ExitStack) -> str:
    """Its index holds the one certificate; its signer is ours."""
    port = free_port()
    certificate = x509.load_pem_x509_certificate((ca.home / "identities/alice/certificate.pem").read_bytes())
    end = certificate.not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
    (folder / "index.txt").write_text(f"V\t{end}\t\t{certificate.serial_number:X}\tunknown\t/CN=alice\n")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ocsp"]
    subprocess.run([*made, "-keyout", folder / "ocsp.key", "-out", folder / "ocsp.pem"], check=True, capture_output=True)
    argv = [
        "openssl",
        "ocsp",
        "-index",
        folder / "index.txt",
        "-CA",
        ca.home / "ca/issuing.pem",
        "-rsigner",
        folder / "ocsp.pem",
    ]
    argv += ["-rkey", folder / "ocsp.key", "-port", str(port), "-ignore_err", "-nmin", "60"]
    # It does not survive a connection on which nothing is asked: its own word says when it is there.
    stack.enter_context(_running([str(one) for one in argv], None))
    return f"http://127.0.0.1:{port}/"


def _cfssl(folder: Path, answer: bytes, stack: contextlib.ExitStack) -> str:
    port = free_port()
    (folder / "answers").write_text(base64.b64encode(answer).decode() + "\n")
    argv = [
        "cfssl",
        "ocspserve",
        "-loglevel",
        "5",
        "-port",
        str(port),
        "-address",
        "127.0.0.1",
        "-responses",
        str(folder / "answers"),
    ]
    stack.enter_context(_running(argv, port))
    return f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def _running(argv: list[str], port: int | None) -> Iterator[None]:
    """A process that listens there; without a port, one that says ACCEPT."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        if port is None and process.stdout is not None:
            process.stdout.readline()
        for _ in range(200 if port else 0):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _asked(one: Contender, seconds: int) -> float:
    """Answers in a second; RuntimeError when any was no 200."""
    if one.single is not None:
        return _one_by_one(one.url, one.single, seconds)
    argv = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *(["-s", str(one.script)] if one.script else []), one.url]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(f"{one.name}: {said}")
    return float(re.search(r"Requests/sec: +([\d.]+)", said)[1])  # type: ignore[index]


def _one_by_one(url: str, body: Callable[[int], bytes], seconds: int) -> float:
    """Answers in a second, each on a connection of its own."""
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.0\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: "
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        with socket.create_connection((parts.hostname or "", parts.port or 0), 5) as connection:
            content = body(count)
            connection.sendall(f"{head}{len(content)}\r\n\r\n".encode() + content)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        if not re.match(rb"HTTP/1.[01] 200 ", answer):
            raise RuntimeError(f"{url}: {answer[:100]!r}")
        count += 1
    return count / (time.perf_counter() - start)


def _write(contenders: list[Contender], seen: dict[str, list[float]]) -> None:
    rows = [
        {
            "name": one.name,
            "what": one.what,
            "per_second": round(statistics.median(seen[one.name]), 1),
            "to_nginx": round(statistics.median(_ratios(seen, one.name, PLAIN)), 3),
            "to_nginx_alike": round(statistics.median(_ratios(seen, one.name, ALIKE)), 3),
            "to_openssl": round(statistics.median(_ratios(seen, one.name, OPENSSL)), 3),
        }
        for one in contenders
    ]
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "python": platform.python_version()}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "serve.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    lines = [
        "# OCSP over HTTP, beside nginx, OpenSSL and cfssl",
        "",
        f"Written by `tools/bench_serve.py`: wrk with {CONNECTIONS} connections, one process that answers, medians of",
        f"{len(seen[PLAIN])} rounds in turn, one machine ({machine['cores']} cores, load {machine['load']}).",
        "The ratios are what lasts.",
        "",
        "| who | what | answers per second | to nginx's static file | to one asked alike | to `openssl ocsp` |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        ratios = f"{row['to_nginx']:.2f} | {row['to_nginx_alike']:.2f} | {row['to_openssl']:.2f}"
        lines.append(f"| {row['name']} | {row['what']} | {row['per_second']:,.0f} | {ratios} |")
    (FOLDER / "serve.md").write_text("\n".join([*lines, "", *EQUAL]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
