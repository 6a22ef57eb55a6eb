"""Issue, revoke, ask, and kill processes at random: no lost revocation, no duplicate serial, never a wrong answer.

`make soak` runs it for half an hour (HANDCLASP_SOAK_SECONDS) and keeps what it counted (HANDCLASP_SOAK_REPORT).
"""

import http.client
import os
import random
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp

from tests.ca_rig import Ca
from tests.nginx_rig import free_port
from tests.serve.serve_rig import Served, serving
from tests.serve.test_serve import certificate, load, request_for

SECONDS = float(os.environ.get("HANDCLASP_SOAK_SECONDS", "12"))
REPORT = os.environ.get("HANDCLASP_SOAK_REPORT")
LONGEST_LIFE = max(4.0, SECONDS / 15)


@dataclass
class Truth:
    """What the commands that came back said. Serials whose command was killed are in neither."""

    good: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    lists: int = 0
    calls: int = 0
    killed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


def perhaps_killed(ca: Ca, chance: random.Random, truth: Truth, *args: str) -> bool:
    """Run a command; with one chance in three kill it on the way. Whether it came back with success."""
    process = ca.start(*args)
    if chance.random() < 0.34:
        time.sleep(chance.random() * 1.2)
        if process.poll() is None:
            process.kill()
            truth.killed += 1
    process.communicate(timeout=120)
    return process.returncode == 0


def issue_and_revoke(ca: Ca, truth: Truth, letter: str) -> None:
    chance = random.Random(f"chaos {letter}")
    number = 0
    while not truth.stop.is_set():
        number += 1
        name = f"{letter}{number}"
        if perhaps_killed(ca, chance, truth, "issue", name):
            truth.good[name] = load(certificate(ca, name)).serial_number
        if truth.good and chance.random() < 0.7:
            victim = chance.choice(sorted(one for one in list(truth.good) if one.startswith(letter)) or [""])
            if not victim:
                continue
            serial = truth.good.pop(victim)
            truth.unsure.add(victim)
            if perhaps_killed(ca, chance, truth, "revoke", victim):
                truth.unsure.discard(victim)
                truth.gone[victim] = serial


def ask_all_the_time(ca: Ca, truth: Truth, port: int) -> None:
    chance = random.Random("asking")
    while not truth.stop.is_set():
        gone, good = list(truth.gone.items()), list(truth.good.items())
        for name, serial in chance.sample(gone, min(3, len(gone))):
            status = asked(ca, port, serial)
            if status is not None and status is not ocsp.OCSPCertStatus.REVOKED:
                truth.wrong.append(f"{name} is revoked, and the answer was {status}")
            truth.asked += status is not None
        for name, serial in chance.sample(good, min(3, len(good))):
            status = asked(ca, port, serial)
            if status is not None and status is not ocsp.OCSPCertStatus.GOOD and name in truth.good:
                truth.wrong.append(f"{name} is good, and the answer was {status}")
            truth.asked += status is not None
        if chance.random() < 0.3:
            look_elsewhere(ca, truth, port, gone)
        time.sleep(0.02)


def look_elsewhere(ca: Ca, truth: Truth, port: int, gone: list[tuple[str, int]]) -> None:
    """The CRL that is served lists what was revoked by then, and the API knows who asks."""
    found = fetched(http.client.HTTPConnection("127.0.0.1", port, timeout=30), "/crl/issuing.crl")
    if found is not None:
        listed = {entry.serial_number for entry in x509.load_der_x509_crl(found)}
        truth.wrong += [f"{name} is revoked, and the CRL does not list it" for name, serial in gone if serial not in listed]
        truth.lists += 1
    context = ssl.create_default_context(cafile=ca.home / "ca" / "bundle.pem")
    context.load_cert_chain(ca.identity("bob", "chain.pem"), ca.identity("bob", "key.pem"))
    said = fetched(http.client.HTTPSConnection("127.0.0.1", port + 1, timeout=30, context=context), "/api/v1/whoami")
    if said is not None:
        truth.calls += 1
        truth.wrong += [] if b'"bob"' in said else [f"the API said {said!r}"]


def fetched(connection: http.client.HTTPConnection, path: str) -> bytes | None:
    """What is served there, or None when nobody answers just now."""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status != 503 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def asked(ca: Ca, port: int, serial: int) -> ocsp.OCSPCertStatus | None:
    """The status, or None when nobody answers just now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/ocsp", request_for(ca, serial), {"content-type": "application/ocsp-request"})
        answer = ocsp.load_der_ocsp_response(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return answer.certificate_status if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL else None


def test_mixed_load_with_processes_killed_at_random(ca: Ca) -> None:
    truth, port, chance = Truth(), free_pair(), random.Random("lives")
    doors = ("--listen", f"127.0.0.1:{port}", "--api-listen", f"127.0.0.1:{port + 1}", "--identity", "app.test")
    workers = [threading.Thread(target=issue_and_revoke, args=(ca, truth, letter)) for letter in "xy"]
    workers.append(threading.Thread(target=ask_all_the_time, args=(ca, truth, port)))
    for worker in workers:
        worker.start()
    lives, deadline = 0, time.monotonic() + SECONDS
    memory: list[int] = []
    while time.monotonic() < deadline or lives < 2:
        with serving(ca, *doors) as served:
            time.sleep(chance.uniform(4, LONGEST_LIFE))
            memory.append(resident_kib(served))
            served.kill()
            lives += 1
    with serving(ca, *doors):
        time.sleep(1)
        truth.stop.set()
        for worker in workers:
            worker.join()
        for name, serial in truth.gone.items():
            assert asked(ca, port, serial) is ocsp.OCSPCertStatus.REVOKED, name
    assert truth.wrong == []
    rows = {
        "seconds": int(SECONDS),
        "certificates issued": len(truth.good) + len(truth.gone) + len(truth.unsure),
        "of these revoked": len(truth.gone),
        "OCSP answers, each held against what was done": truth.asked,
        "CRLs, the same": truth.lists,
        "API calls": truth.calls,
        "commands killed": truth.killed,
        "servers killed": lives,
        "resident memory of a server at its end, least, MiB": min(memory) // 1024,
        "resident memory of a server at its end, most, MiB": max(memory) // 1024,
        "wrong answers, lost revocations, serials twice": len(truth.wrong),
    }
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in rows.items()))
    assert truth.asked > 50
    assert truth.lists
    assert truth.calls
    assert truth.killed > 0
    assert lives >= 2
    assert max(memory) < 300 * 1024
    ca.run("issue", "afterwards")  # puts right what was interrupted
    ca.run("crl", "--refresh")
    ca.run("audit")
    store = ca.world.store
    assert (store.pending(), store.unexported()) == ((), ())
    assert [path for path in ca.home.rglob(".*") if path.is_file()] == []
    serials = [record.serial for record in store.certificates()]
    assert len(set(serials)) == len(serials)
    listed = {entry.serial_number for entry in issuing_crl(ca)}
    assert set(truth.gone.values()) <= listed
    if REPORT:
        Path(REPORT).write_text(page(rows))


def page(rows: dict[str, int]) -> str:
    table = "".join(f"| {name} | {value:,} |\n" for name, value in rows.items())
    about = (
        "Written by `make soak`: two that write, one that asks, and a server, on SQLite; a third of the commands and every\n"
        "server are killed."
    )
    return f"# Mixed load with processes killed at random\n\n{about}\n\n| | |\n|---|---:|\n{table}"


def free_pair() -> int:
    """A free port whose successor is free too."""
    while True:
        port, following = free_port(), free_port()
        if following == port + 1:
            return port


def issuing_crl(ca: Ca) -> x509.CertificateRevocationList:
    pems = (ca.home / "ca" / "crl.pem").read_bytes().split(b"-----BEGIN X509 CRL-----")[1:]
    crls = [x509.load_pem_x509_crl(b"-----BEGIN X509 CRL-----" + pem) for pem in pems]
    return next(crl for crl in crls if "Issuing" in crl.issuer.rfc4514_string())


def resident_kib(served: Served) -> int:
    lines = Path(f"/proc/{served.process.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
