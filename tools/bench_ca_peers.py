"""The peers of the certificate authority, for bench_ca: each makes client certificates as its own manual says."""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from handclasp.adapters.system_clock import SystemClock
from handclasp.wiring import free_port

Note = Callable[..., None]
TOOLS = Path(__file__).resolve().parent
EASYRSA = "/usr/share/easy-rsa/easyrsa"
CA_CONF = """[ca]
default_ca = c
[c]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}/new
serial = {folder}/serial
crlnumber = {folder}/crlnumber
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 365
default_crl_days = 365
policy = p
unique_subject = no
[p]
commonName = supplied
"""
CFSSL_CONF = {"signing": {"default": {"expiry": "8760h", "usages": ["digital signature", "client auth"]}}}


def django_ca(python: str, folder: Path, note: Note, scale: int) -> None:
    """django-ca in its own environment: a key, a request, and its manager's create_cert."""
    if not Path(python).exists():
        raise FileNotFoundError(2, "not installed", "django-ca")
    count = 300 // min(scale, 5)
    words = [python, str(TOOLS / "bench_django_ca.py"), str(folder), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FileNotFoundError(2, "not installed", "django-ca")
    note("django-ca", "key, request, create_cert; recorded in SQLite", count, float(done.stdout.split()[-1]))


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> None:
    """A command that must succeed."""
    subprocess.run(command, cwd=cwd, env=os.environ | (env or {}), check=True, capture_output=True)


def openssl_ca(folder: Path) -> Path:
    """A CA of `openssl ca`; its configuration."""
    (folder / "new").mkdir()
    (folder / "index.txt").touch()
    for name in ("serial", "crlnumber"):
        (folder / name).write_text("1000\n")
    conf = folder / "ca.cnf"
    conf.write_text(CA_CONF.format(folder=folder))
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", cwd=folder)
    return conf


def openssl_loop(folder: Path, note: Note, scale: int) -> None:
    """What the tutorials do: a key and request, `openssl ca`, `openssl pkcs12`, for each."""
    conf, count = openssl_ca(folder), 30 // min(scale, 3)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    started = time.perf_counter()
    for number in range(count):
        run("openssl", "req", "-new", *key, "-keyout", "k.pem", "-out", "c.csr", "-subj", f"/CN=c{number}", cwd=folder)
        run("openssl", "ca", "-batch", "-config", str(conf), "-in", "c.csr", "-out", "c.pem", "-notext", cwd=folder)
        run(
            "openssl", "pkcs12", "-export", "-inkey", "k.pem", "-in", "c.pem", "-out", "c.p12", "-passout", "pass:x", cwd=folder
        )
    note("openssl ca loop", "req, ca, pkcs12: three processes, nothing synced", count, time.perf_counter() - started)


def easyrsa_loop(folder: Path, note: Note, scale: int) -> None:
    """easy-rsa build-client-full."""
    env = {"EASYRSA_BATCH": "1", "EASYRSA_ALGO": "ec", "EASYRSA_CURVE": "prime256v1", "EASYRSA_PKI": str(folder / "pki")}
    run(EASYRSA, "init-pki", cwd=folder, env=env)
    run(EASYRSA, "build-ca", "nopass", cwd=folder, env=env)
    count = 10 // min(scale, 3)
    started = time.perf_counter()
    for number in range(count):
        run(EASYRSA, "build-client-full", f"c{number}", "nopass", cwd=folder, env=env)
    note("easy-rsa", "build-client-full, no PKCS#12", count, time.perf_counter() - started)


def cfssl_ca(folder: Path) -> None:
    """A CA and a configuration of cfssl."""
    if shutil.which("cfssl") is None:
        raise FileNotFoundError(2, "not installed", "cfssl")
    (folder / "csr.json").write_text(json.dumps({"CN": "ca", "key": {"algo": "ecdsa", "size": 256}}))
    (folder / "conf.json").write_text(json.dumps(CFSSL_CONF))
    said = subprocess.run(["cfssl", "gencert", "-initca", "csr.json"], cwd=folder, capture_output=True, check=True).stdout
    (folder / "ca.pem").write_text(json.loads(said)["cert"])
    (folder / "ca-key.pem").write_text(json.loads(said)["key"])


def cfssl_gencert(folder: Path, note: Note, scale: int) -> None:
    """A process of cfssl for each; nothing is recorded."""
    cfssl_ca(folder)
    words = ("-ca", "ca.pem", "-ca-key", "ca-key.pem", "-config", "conf.json", "csr.json")
    count = 50 // min(scale, 5)
    started = time.perf_counter()
    for _ in range(count):
        run("cfssl", "gencert", *words, cwd=folder)
    note("cfssl gencert", "key and certificate, nothing recorded", count, time.perf_counter() - started)


def cfssl_serve(folder: Path, note: Note, scale: int) -> None:
    """/newcert of a running cfssl, one request after the other; nothing is recorded."""
    cfssl_ca(folder)
    port = str(free_port())
    words = ["cfssl", "serve", "-address", "127.0.0.1", "-port", port, "-ca", "ca.pem", "-ca-key", "ca-key.pem"]
    with subprocess.Popen([*words, "-config", "conf.json"], cwd=folder, stdout=-3, stderr=-3) as server:
        try:
            body = json.dumps({"request": {"CN": "c", "hosts": [""], "key": {"algo": "ecdsa", "size": 256}}}).encode()
            _until_up(port, body)
            for clients in (1, 8):
                count = 2_000 // scale
                started, cpu = time.perf_counter(), _cpu_of(server.pid)
                _clients(port, body, clients, count // clients)
                seconds, used = time.perf_counter() - started, _cpu_of(server.pid) - cpu
                what = f"key and certificate over HTTP, {clients} at a time, kept alive; nothing recorded"
                note("cfssl serve /newcert", what, count // clients * clients, seconds, used)
        finally:
            server.terminate()


def _cpu_of(process: int) -> float:
    """Seconds of processor that a process has used (proc(5): utime and stime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _until_up(port: str, body: bytes) -> None:
    for _ in range(100):
        try:
            _client(port, body, 1)
        except OSError:
            time.sleep(0.1)
        else:
            return


def _clients(port: str, body: bytes, clients: int, each: int) -> None:
    threads = [threading.Thread(target=_client, args=(port, body, each)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _client(port: str, body: bytes, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    for _ in range(count):
        connection.request("POST", "/api/v1/cfssl/newcert", body)
        answer = connection.getresponse()
        if answer.status != 200 or b"PRIVATE KEY" not in answer.read():
            raise SystemExit(f"cfssl serve answered {answer.status}")
    connection.close()


def openssl_gencrl(folder: Path, note: Note, scale: int) -> None:
    """`openssl ca -gencrl` over many lines of index.txt."""
    conf, count, now = openssl_ca(folder), 100_000 // scale, SystemClock().now()
    end = f"{now + timedelta(days=99):%y%m%d%H%M%S}Z"
    for name, each in (("openssl ca -gencrl", 0), ("openssl ca -gencrl, dates", 61)):
        stamps = (f"{now - timedelta(seconds=each * n):%y%m%d%H%M%S}Z" for n in range(count))
        lines = (f"R\t{end}\t{at},superseded\t{(1 << 158) + n:040X}\tunknown\t/CN=c{n}\n" for n, at in enumerate(stamps))
        (folder / "index.txt").write_text("".join(lines))
        started = time.perf_counter()
        run("openssl", "ca", "-config", str(conf), "-gencrl", "-out", "crl.pem", cwd=folder)
        what = f"{count} entries with {'a date each' if each else 'one date'}"
        note(name, what, count, time.perf_counter() - started)
