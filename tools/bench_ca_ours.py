"""The certificate authority itself, for bench_ca: certificates one by one, together, in bulk, and beside a million others."""

import http.client
import os
import re
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.desk import IssueDesk
from handclasp.app.fleet import issue_fleet
from handclasp.app.init import InitOrder, init
from handclasp.app.issue import IssueOrder, issue
from handclasp.cli import collect_seldom
from handclasp.model.certificate import RevokedEntry
from handclasp.model.issuance import Intent
from handclasp.pki.crl import build_crl
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import narrowed
from tests.ca_rig import Ca, fresh
from tests.serve.serve_rig import serving

Note = Callable[..., None]
MEMORY = "/dev/shm"  # noqa: S108 - a file system that waits for nothing
HOLD = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO certificate (issuer, serial, profile, name, name_key, state, tbs_sha256, not_before, not_after, created,
    certificate, exported, key_sha256)
SELECT 'issuing', '3' || substr(hex(randomblob(20)), 2), 'client', 'held-' || i, 'held-' || i, 'issued', hex(randomblob(32)),
    not_before, not_after, created, certificate, 1, lower(hex(randomblob(32)))
FROM n, (SELECT * FROM certificate WHERE name = 'first')
"""
REVOKE = "UPDATE certificate SET state = 'revoked', revoked_at = created, reason = 'superseded' WHERE name LIKE 'held-%'"


def signatures(_folder: Path, note: Note, _scale: int) -> None:
    """The limit: P-256 signatures and nothing else, of OpenSSL on one core."""
    said = subprocess.run(["openssl", "speed", "-seconds", "2", "ecdsap256"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"256 bits ecdsa.*?([0-9.]+)\s+([0-9.]+)\s*$", said, re.MULTILINE)
    if found:
        note("openssl speed", "P-256 signatures alone, one core", round(float(found[1]) * 2), 2.0)


def made(folder: Path) -> Any:
    """A CA in a new home, with its registry kept open as a service keeps it, in a process that is set up as the command is."""
    collect_seldom()
    world = fresh(folder).world
    world.lasting = True
    world.make_home()
    world.__dict__.pop("store", None)
    init(world.ca, InitOrder())
    return world


def one_by_one(folder: Path, note: Note, scale: int) -> None:
    """Key, certificate, intent and audit: two durable transactions each, before the next is begun; then with company."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        for place, where in ((folder / "disk", "this disk"), (Path(memory), "tmpfs: waiting costs nothing")):
            place.mkdir(exist_ok=True)
            desk = IssueDesk(made(place).ca)
            for waiting_together in (1, 16):
                count = 2_000 // scale
                what = f"key, certificate, intent, audit; {waiting_together} at a time, on {where}"
                issued(desk, f"warm-{waiting_together}", 1, 20)
                started, cpu = time.perf_counter(), time.process_time()
                issued(desk, f"n-{waiting_together}", waiting_together, count // waiting_together)
                note("handclasp desk", what, count, time.perf_counter() - started, time.process_time() - cpu)


def issued(desk: IssueDesk, prefix: str, threads: int, each: int) -> None:
    """So many, by threads of which each waits for its answer before it asks again."""

    def some(thread: int) -> None:
        for number in range(each):
            desk.issue(IssueOrder(name=f"{prefix}-{thread}-{number}"))

    if threads == 1:
        some(0)
        return
    running = [threading.Thread(target=some, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def with_files(folder: Path, note: Note, scale: int) -> None:
    """What the command does: five files for a person besides, PKCS#12 among them."""
    world = made(folder)
    issue(world.ca, IssueOrder(name="warm"))
    count = 200 // scale
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        issue(world.ca, IssueOrder(name=f"one-{number}"))
    note("handclasp issue", "besides these the five files with PKCS#12, all synced", count,
         time.perf_counter() - started, time.process_time() - cpu)  # fmt: skip
    count = 10 // min(scale, 5)
    started = time.perf_counter()
    for number in range(count):
        measured(world.layout.folder, folder / "passphrase", "issue", f"cli-{number}", "-q")
    note("handclasp issue (command)", "the same, a process each: start, scrypt to unlock the CA key", count,
         time.perf_counter() - started)  # fmt: skip


def over_http(folder: Path, note: Note, scale: int) -> None:
    """POST /api/v1/certificates with a request, over TLS with a client certificate, connections kept alive."""
    ca = fresh(folder)
    ca.run("init")
    ca.run("issue", "api.test", "--profile", "server")
    ca.run("issue", "desk")
    (ca.home / "roles.toml").write_text('"desk" = "operator"\n')
    with serving(ca, "--api-listen", "127.0.0.1:0", "--identity", "api.test", "--no-prepare") as served:
        port = int(re.findall(r"127\.0\.0\.1:(\d+)", str(served.document["api"]))[0])
        for clients in (1, 8, 16):
            count = 800 // scale // clients
            bodies = [[_asked(f"c{clients}-{client}-{number}") for number in range(count)] for client in range(clients)]
            started = time.perf_counter()
            threads = [threading.Thread(target=_posted, args=(ca, port, some)) for some in bodies]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            what = f"certificate for a request over TLS, {clients} at a time, kept alive; intent and audit durable"
            note("handclasp serve, API", what, count * clients, time.perf_counter() - started)


def _asked(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    text = request.public_bytes(Encoding.PEM).decode().replace("\n", "\\n")
    return f'{{"name": "{name}", "csr": "{text}"}}'.encode()


def _posted(ca: Ca, port: int, bodies: list[bytes]) -> None:
    context = ssl.create_default_context(cafile=str(ca.home / "ca" / "root.pem"))
    context.check_hostname = False
    context.load_cert_chain(ca.identity("desk", "chain.pem"), ca.identity("desk", "key.pem"))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
    for body in bodies:
        connection.request("POST", "/api/v1/certificates", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 201 or b"chain" not in answer.read():
            raise SystemExit(f"the API answered {answer.status}")
    connection.close()


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
    with (folder / "block").open("wb") as file:
        count = 300 // min(scale, 3)
        started = time.perf_counter()
        for _ in range(count):
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
        note("disk", "4 KB written and synced, nothing else", count, time.perf_counter() - started)

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


def beside_many(folder: Path, note: Note, scale: int) -> None:
    """What issuing one costs when the registry holds a million already, and what reading them costs."""
    world = made(folder)
    desk = IssueDesk(world.ca)
    desk.issue(IssueOrder(name="first"))
    count, held = 1_000 // min(scale, 2), 1_000_000 // scale
    for label in ("few", "many"):
        if label == "many":
            _fill(world, HOLD.format(count=held))
        issued(desk, f"warm-{label}", 1, 50)
        started, cpu = time.perf_counter(), time.process_time()
        issued(desk, label, 1, count)
        what = f"one by one, with {0 if label == 'few' else held} certificates in the registry"
        note(f"handclasp desk, {label}", what, count, time.perf_counter() - started, time.process_time() - cpu)
    questions = (
        ("status",),
        ("list",),
        ("list", "--expiring", "30d"),
        ("list", "dns:nobody.test"),
        ("show", "held-1"),
        ("renew", "--due"),
    )
    for words in questions:
        _asked_of(world, folder, note, held, *words)
    _fill(world, REVOKE)
    for words in (("crl", "--refresh"), ("status",)):
        _asked_of(world, folder, note, held, *words, of="revoked")


def _asked_of(world: Any, folder: Path, note: Note, held: int, *words: str, of: str = "certificates") -> None:
    started = time.perf_counter()
    memory = measured(world.layout.folder, folder / "passphrase", *words, "-q")
    seconds = time.perf_counter() - started
    note(f"handclasp {' '.join(words)}", f"the command, {held} {of}: {seconds:.1f} s, {memory} MB at most", held, seconds)


def _fill(world: Any, statement: str) -> None:
    world.store.close()
    with sqlite3.connect(f"{world.layout.folder}/registry.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def measured(home: str, passphrase: Path, *words: str) -> int:
    """Run a command of Handclasp that must not fail; the most memory it had, MB.

    The kernel's high-water mark of the new program: what wait4 tells begins with the memory of this one.
    """
    environment = os.environ | {"HANDCLASP_HOME": home, "HANDCLASP_PASSPHRASE_FILE": str(passphrase)}
    most = 0
    with subprocess.Popen([sys.executable, "-m", "handclasp", *words], env=environment, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{child.pid}/status").read_text())
            most = max(most, int(found[1]) if found else 0)
            time.sleep(0.01)
    if child.returncode not in (0, 1):
        raise SystemExit(f"handclasp {' '.join(words)} ended with {child.returncode}")
    return most // 1024


def crls(folder: Path, note: Note, scale: int) -> None:
    """CRLs of many entries, from memory: what the writer itself takes."""
    world = made(folder)
    authority = world.ca.issuing()
    issuer, key = x509.load_der_x509_certificate(authority.certificate), narrowed(world.ca.keys.open(authority.key))
    now = SystemClock().now().replace(microsecond=0)
    times = {"this_update": now - timedelta(hours=1), "next_update": now + timedelta(days=30)}
    for count, each in ((100_000 // scale, 0), (100_000 // scale, 61), (1_000_000 // scale, 0)):
        entries = [
            RevokedEntry(serial=(1 << 158) + n, revocation_date=now - timedelta(seconds=each * n), reason="superseded")
            for n in range(count)
        ]
        started = time.perf_counter()
        size = len(build_crl(issuer, key, entries, number=1, **times))
        dates = "a date each" if each else "one date"
        what = f"{count} entries with {dates} from memory, {size} bytes, read back"
        note("handclasp CRL, dates" if each else "handclasp CRL", what, count, time.perf_counter() - started)
