"""Measure the certificate authority beside its peers in one run, and write docs/benchmarks/ca.json and ca.md.

Usage: .venv/bin/python tools/bench_ca.py [--quick]

Every figure is of this machine at this moment; what lasts are the ratios. Peers that are not installed are left out and
named: apt-get install easy-rsa golang-cfssl; pip install django-ca into .bench (or another environment, --django PYTHON).
"""

import argparse
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12  # noqa: E402

from handclasp.adapters.fork_workers import ForkWorkers  # noqa: E402
from handclasp.adapters.system_clock import SystemClock  # noqa: E402
from handclasp.app.fleet import issue_fleet  # noqa: E402
from handclasp.app.init import InitOrder, init  # noqa: E402
from handclasp.app.issue import IssueOrder, issue  # noqa: E402
from handclasp.model.certificate import RevokedEntry  # noqa: E402
from handclasp.model.issuance import Intent  # noqa: E402
from handclasp.pki.crl import build_crl  # noqa: E402
from handclasp.pki.serials import OCTETS, serial_from  # noqa: E402
from handclasp.pki.signing import narrowed  # noqa: E402
from handclasp.wiring import free_port  # noqa: E402
from tests.ca_rig import fresh  # noqa: E402

FOLDER = ROOT / "docs" / "benchmarks"
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


def main() -> int:
    """Run everything and write what it gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--django", default=str(ROOT / ".bench" / "bin" / "python"), help="a Python that has django-ca")
    given = parser.parse_args()
    scale = 10 if given.quick else 1
    rows: list[dict[str, Any]] = []

    def note(name: str, what: str, count: int, seconds: float, cpu: float | None = None) -> None:
        rows.append({"name": name, "what": what, "count": count, "seconds": round(seconds, 3)})
        rows[-1]["per_second"] = round(count / seconds, 2)
        if cpu:
            rows[-1]["per_cpu_second"] = round(count / cpu, 2)
        print(f"{name:24} {count:8} in {seconds:8.2f} s   {count / seconds:12.2f} /s", flush=True)

    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for bench in (
            signatures,
            waiting,
            one_by_one,
            in_bulk,
            beside_many,
            containers,
            openssl_loop,
            easyrsa_loop,
            cfssl_gencert,
            cfssl_serve,
            partial(django_ca, given.django),
            crls,
        ):
            name = getattr(bench, "__name__", "django_ca")
            place = Path(folder) / name
            place.mkdir()
            try:
                bench(place, note, scale)
            except FileNotFoundError as error:
                missing.append(f"{name}: {error.filename}")
    write(rows, missing)
    return 0


Note = Callable[..., None]


def signatures(_folder: Path, note: Note, _scale: int) -> None:
    """The limit: P-256 signatures and nothing else, of OpenSSL on one core."""
    said = subprocess.run(["openssl", "speed", "-seconds", "2", "ecdsap256"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"256 bits ecdsa.*?([0-9.]+)\s+([0-9.]+)\s*$", said, re.MULTILINE)
    if found:
        note("openssl speed", "P-256 signatures alone, one core", round(float(found[1]) * 2), 2.0)


def made(folder: Path) -> Any:
    """A CA in a new home, with its registry kept open as a service keeps it."""
    world = fresh(folder).world
    world.lasting = True
    world.make_home()
    world.__dict__.pop("store", None)
    init(world.ca, InitOrder())
    return world


def one_by_one(folder: Path, note: Note, scale: int) -> None:
    """Issue with intent, audit, files and PKCS#12, each durable before the next."""
    world = made(folder)
    issue(world.ca, IssueOrder(name="warm"))
    count = 200 // scale
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        issue(world.ca, IssueOrder(name=f"one-{number}"))
    note("handclasp issue", "key, certificate, chain, PKCS#12; five files, intent and audit, all synced", count,
         time.perf_counter() - started, time.process_time() - cpu)  # fmt: skip
    count = 10 // min(scale, 5)
    environment = os.environ | {"HANDCLASP_HOME": world.layout.folder, "HANDCLASP_PASSPHRASE_FILE": str(folder / "passphrase")}
    started = time.perf_counter()
    for number in range(count):
        command = [sys.executable, "-m", "handclasp", "issue", f"cli-{number}", "-q"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    note("handclasp issue (command)", "the same, a process each", count, time.perf_counter() - started)


def in_bulk(folder: Path, note: Note, scale: int) -> None:
    """Batches of 2,000: two transactions and one archive each; from a table of the command's kind, for memory."""
    world = made(folder)
    for count in (20_000 // scale, 100_000 // scale):
        table = folder / f"{count}.csv"
        table.write_text("name\n" + "".join(f"table-{count}-{number}\n" for number in range(count)))
        started = time.perf_counter()
        words = ("issue", "--from", str(table), "--into", str(folder / table.stem), "-q")
        memory = measured(world.layout.folder, folder / "passphrase", *words)
        note(
            "issue --from --into",
            f"the command with {count} rows, all of it; {memory} MB at most",
            count,
            time.perf_counter() - started,
        )
    for workers in (1, len(os.sched_getaffinity(0))):
        count = 20_000 // scale
        orders = (IssueOrder(name=f"bulk-{workers}-{number}") for number in range(count))
        started, cpu = time.perf_counter(), time.process_time()
        issued = sum(one.issued for one in issue_fleet(world.ca, orders, ForkWorkers(workers), folder=str(folder / "out")))
        used = time.process_time() - cpu if workers == 1 else None
        note(f"handclasp fleet, {workers} proc.", "key and certificate, judged, intent and audit by batch", issued,
             time.perf_counter() - started, used)  # fmt: skip


def waiting(folder: Path, note: Note, scale: int) -> None:
    """What a durable transaction costs, and what many in one give back: the registry alone, intents without signatures."""
    world = made(folder)
    now = SystemClock().now()

    def intents(count: int) -> list[Intent]:
        return [
            Intent(
                serial=serial_from(os.urandom(OCTETS)),
                issuer="issuing",
                profile="client",
                name=f"n{number}",
                tbs_sha256="0" * 64,
                not_before=now,
                not_after=now + timedelta(days=90),
                created=now,
            )
            for number in range(count)
        ]

    for each, count in ((1, 300 // min(scale, 3)), (2_000, 20_000 // min(scale, 5))):
        made_before = [intents(each) for _ in range(count // each)]
        started = time.perf_counter()
        for some in made_before:
            with world.store.begin() as transaction:
                transaction.add_intents(some)
        note("registry", f"intents alone, {each} in each durable transaction", count, time.perf_counter() - started)


def containers(_folder: Path, note: Note, scale: int) -> None:
    """PKCS#12 with the rounds of the product, and with those of a container that a person's password protects."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = SystemClock().now()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "p12")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    for rounds in (2_048, 100_000):
        kind = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(rounds)
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        )
        count = 2_000 // scale if rounds < 10_000 else 100 // scale
        started = time.perf_counter()
        for _ in range(count):
            pkcs12.serialize_key_and_certificates(
                b"p12", key, certificate, None, kind.hmac_hash(hashes.SHA256()).build(b"x" * 26)
            )
        note("PKCS#12", f"AES-256, SHA-256, {rounds} rounds, one process", count, time.perf_counter() - started)


HOLD = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO certificate (issuer, serial, profile, name, name_key, state, tbs_sha256, not_before, not_after, created,
    certificate, exported, key_sha256)
SELECT 'issuing', '3' || substr(hex(randomblob(20)), 2), 'client', 'held-' || i, 'held-' || i, 'issued', hex(randomblob(32)),
    not_before, not_after, created, certificate, 1, lower(hex(randomblob(32)))
FROM n, (SELECT * FROM certificate WHERE name = 'first-0')
"""
REVOKE = "UPDATE certificate SET state = 'revoked', revoked_at = created, reason = 'superseded' WHERE name LIKE 'held-%'"


def beside_many(folder: Path, note: Note, scale: int) -> None:
    """What issuing one costs when the registry holds a million already, and a CRL of a million."""
    world = made(folder)
    for number in range(5):
        issue(world.ca, IssueOrder(name=f"first-{number}"))
    count, held = 60 // min(scale, 2), 1_000_000 // scale
    for label in ("few", "many"):
        if label == "many":
            _fill(world, HOLD.format(count=held))
            issue(world.ca, IssueOrder(name="warm-again"))
        started, cpu = time.perf_counter(), time.process_time()
        for number in range(count):
            issue(world.ca, IssueOrder(name=f"{label}-{number}"))
        what = f"with {0 if label == 'few' else held} certificates in the registry"
        note(f"handclasp issue, {label}", what, count, time.perf_counter() - started, time.process_time() - cpu)
    orders = (IssueOrder(name=f"beside-{number}") for number in range(20_000 // scale))
    started = time.perf_counter()
    issued = sum(one.issued for one in issue_fleet(world.ca, orders, ForkWorkers(), folder=str(folder / "out")))
    note(
        "handclasp fleet, many",
        f"all processors, with {held} certificates in the registry",
        issued,
        time.perf_counter() - started,
    )
    _fill(world, REVOKE)
    started = time.perf_counter()
    memory = measured(world.layout.folder, folder / "passphrase", "crl", "--refresh", "-q")
    what = f"{held} revoked, from the registry to ca/crl.pem, checked for lock-out; {memory} MB at most"
    note("handclasp crl --refresh", what, held, time.perf_counter() - started)


def _fill(world: Any, statement: str) -> None:
    world.store.close()
    with sqlite3.connect(f"{world.layout.folder}/registry.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def measured(home: str, passphrase: Path, *words: str) -> int:
    """Run a command of Handclasp that must succeed; the most memory it had, MB."""
    environment = os.environ | {"HANDCLASP_HOME": home, "HANDCLASP_PASSPHRASE_FILE": str(passphrase)}
    with subprocess.Popen([sys.executable, "-m", "handclasp", *words], env=environment, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"handclasp {' '.join(words)} ended with {child.returncode}")
    return int(usage.ru_maxrss) // 1024


def django_ca(python: str, folder: Path, note: Note, scale: int) -> None:
    """django-ca in its own environment: a key, a request, and its manager's create_cert."""
    if not Path(python).exists():
        raise FileNotFoundError(2, "not installed", "django-ca")
    count = 300 // min(scale, 5)
    words = [python, str(ROOT / "tools" / "bench_django_ca.py"), str(folder), str(count)]
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
            url = f"http://127.0.0.1:{port}/api/v1/cfssl/newcert"
            _until_up(url, body)
            count = 500 // scale
            started = time.perf_counter()
            for _ in range(count):
                urllib.request.urlopen(url, body, timeout=10).read()
            note(
                "cfssl serve /newcert", "key and certificate over HTTP, nothing recorded", count, time.perf_counter() - started
            )
        finally:
            server.terminate()


def _until_up(url: str, body: bytes) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, body, timeout=10).read()  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.1)
        else:
            return


def crls(folder: Path, note: Note, scale: int) -> None:
    """A CRL of many entries, beside `openssl ca -gencrl` over as many lines of index.txt."""
    world = made(folder)
    authority = world.ca.issuing()
    issuer, key = x509.load_der_x509_certificate(authority.certificate), narrowed(world.ca.keys.open(authority.key))
    now = SystemClock().now().replace(microsecond=0)
    times = {"this_update": now - timedelta(hours=1), "next_update": now + timedelta(days=30)}
    for count in (100_000 // scale, 1_000_000 // scale):
        entries = [RevokedEntry(serial=(1 << 158) + n, revocation_date=now, reason="superseded") for n in range(count)]
        started = time.perf_counter()
        size = len(build_crl(issuer, key, entries, number=1, **times))
        note("handclasp CRL", f"{count} entries from memory, {size} bytes, read back", count, time.perf_counter() - started)
    place = folder / "openssl"
    place.mkdir()
    conf, count = openssl_ca(place), 100_000 // scale
    stamp, end = f"{now:%y%m%d%H%M%S}Z", f"{now + timedelta(days=99):%y%m%d%H%M%S}Z"
    lines = (f"R\t{end}\t{stamp},superseded\t{(1 << 158) + n:040X}\tunknown\t/CN=c{n}\n" for n in range(count))
    (place / "index.txt").write_text("".join(lines))
    started = time.perf_counter()
    run("openssl", "ca", "-config", str(conf), "-gencrl", "-out", "crl.pem", cwd=place)
    note("openssl ca -gencrl", f"{count} entries", count, time.perf_counter() - started)


def write(rows: list[dict[str, Any]], missing: list[str]) -> None:
    """The figures as JSON and as a table with ratios to `openssl ca`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    machine = {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version(), "load_at_the_end": round(load, 1)}
    document = {"machine": machine, "rows": rows, "not_installed": missing}
    (FOLDER / "ca.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    loop = next((row["per_second"] for row in rows if row["name"] == "openssl ca loop"), None)
    lines = ["# The certificate authority beside its peers", "", "Written by `tools/bench_ca.py`; one run, one machine "]
    lines[-1] += f"({machine['cores']} cores, load {machine['load_at_the_end']} at the end). The ratios are what lasts."
    lines += ["", "| what | how | per second | per CPU second | against the `openssl ca` loop |", "|---|---|---:|---:|---:|"]
    for row in rows:
        certificates = not any(word in row["name"].lower() for word in ("crl", "speed", "registry", "pkcs#12"))
        ratio = f"{row['per_second'] / loop:.1f}" if loop and certificates else ""
        cells = (row["name"], row["what"], f"{row['per_second']:,.1f}", row.get("per_cpu_second", ""), ratio)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += [
        "",
        "The loops of `openssl`, easy-rsa and `cfssl` wait for no disk: what they record need not survive a power cut.",
        "`handclasp issue` waits for the disk 17 times for each certificate (files, folders, transactions), the loops of",
        "`openssl` and easy-rsa and cfssl never: on a busy disk that is most of its time. A fleet waits seven times for 2,000:",
        "see the two lines of the registry for what that gives back.",
    ]
    lines += ["", *(f"Not measured: {one}." for one in missing)]
    (FOLDER / "ca.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
